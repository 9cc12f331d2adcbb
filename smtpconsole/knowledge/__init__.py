"""What replies, commands, keywords, mechanisms and oddities of SMTP mean, in words.

1. The knowledge is in the TOML files beside this module; each is read when first asked.
2. Nothing here imports from the rest of the package, and importing this reads no file.
3. What comes back holds no control characters, whatever a server has sent.
"""

from smtpconsole.knowledge.entries import (
    Explanation,
    Mechanism,
    Moment,
    Verb,
    mechanism,
    mechanisms,
    moment,
    rfc_title,
    verb,
    verbs,
)
from smtpconsole.knowledge.explaining import explain, explanations, names, nearest
from smtpconsole.knowledge.keywords import adds, describe, keyword
from smtpconsole.knowledge.oddities import alert, anomaly, remark
from smtpconsole.knowledge.pasting import questions

__all__ = [
    "Explanation",
    "Mechanism",
    "Moment",
    "Verb",
    "adds",
    "alert",
    "anomaly",
    "describe",
    "explain",
    "explanations",
    "keyword",
    "mechanism",
    "mechanisms",
    "moment",
    "names",
    "nearest",
    "questions",
    "remark",
    "rfc_title",
    "verb",
    "verbs",
]
