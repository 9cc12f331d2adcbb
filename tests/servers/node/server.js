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
        size: 10 * 2 ** 20,
        onRcptTo({ address }, session, done) {
            if (!session.user && !address.endsWith('@example.test')) {
                return done(refusal(554, 'Relay access denied'))
            }
            return done(address.startsWith('nobody@') ? refusal(550, 'User unknown') : undefined)
        },
        onData(stream, session, done) {
            const end = () => (stream.sizeExceeded ? refusal(552, 'Message too large') : null)
            stream.on('end', () => done(end(), 'taken'))
            stream.resume()
        },
        ...options,
    })
    // Without it a connection that breaks off ends the process.
    if (!process.env.FRAGILE) server.on('error', () => {})
    return new Promise((resolve) => {
        const listening = server.listen(0, '127.0.0.1', () => resolve(listening.address().port))
    })
}

async function main() {
    const port = await listen({})
    const tlsPort = await listen({ secure: true })
    const plainPort = await listen({ disabledCommands: ['STARTTLS'], allowInsecureAuth: true })
    const ports = {
        port,
        tls_port: tlsPort,
        plain_port: plainPort,
        lmtp_port: await listen({ lmtp: true }),
        proxy_port: await listen({ useProxy: true }),
        xclient_port: await listen({ useXClient: true }),
        impatient_port: await listen({ socketTimeout: 1000 }),
    }
    console.log(JSON.stringify(ports))
}

main()
