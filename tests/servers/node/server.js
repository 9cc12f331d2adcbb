'use strict'
// smtp-server with one account; says its ports as a line of JSON when it listens.
const { SMTPServer } = require('smtp-server')
const fs = require('node:fs')

const [host, user, password, token, pem] = process.argv.slice(2)

function refusal(code, text) {
    return Object.assign(new Error(text), { responseCode: code })
}

function authenticate(auth, session, done) {
    const isRight =
        auth.username === user &&
        (auth.method === 'CRAM-MD5'
            ? auth.validatePassword(password)
            : auth.method === 'XOAUTH2'
              ? auth.accessToken === token
              : auth.password === password)
    if (isRight) return done(null, { user })
    if (auth.method === 'XOAUTH2') {
        return done(null, { data: { status: '401', schemes: 'bearer mac', scope: 'mail' } })
    }
    return done(refusal(535, 'Authentication credentials invalid'))
}

function listen(options) {
    const server = new SMTPServer({
        name: host,
        key: fs.readFileSync(pem),
        cert: fs.readFileSync(pem),
        authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
        authOptional: true,
        disableReverseLookup: true,
        onAuth: authenticate,
        onData(stream, session, done) {
            stream.on('end', () => done(null, 'taken'))
            stream.resume()
        },
        ...options,
    })
    server.on('error', () => {}) // a connection that breaks off would end the process
    return new Promise((resolve) => {
        const listening = server.listen(0, '127.0.0.1', () => resolve(listening.address().port))
    })
}

async function main() {
    const port = await listen({})
    const tlsPort = await listen({ secure: true })
    const plainPort = await listen({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    console.log(JSON.stringify({ port, tls_port: tlsPort, plain_port: plainPort }))
}

main()
