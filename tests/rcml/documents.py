"""Short ways to write a document and to look into it."""

from __future__ import annotations

from chalicelib.rcml import Client, Dial, Document, Number, Sip, parse


def dial(attributes: str = "", inside: str = "<Sip>sip:alice@example.com</Sip>") -> tuple[Dial, list[int]]:
    """The Dial of a document with these attributes and children, and the codes of all problems."""
    document = parse(f"<Response><Dial {attributes}>{inside}</Dial></Response>")
    (verb,) = document.verbs
    assert isinstance(verb, Dial)
    return verb, codes(document)


def noun(markup: str) -> tuple[Sip | Number | Client, list[int]]:
    """The only noun of a Dial, and the codes of all problems."""
    verb, problems = dial(inside=markup)
    (only,) = verb.nouns
    return only, problems


def sip(attributes: str = "", inside: str = "sip:alice@example.com") -> tuple[Sip, list[int]]:
    """A `<Sip>` with these attributes, and the codes of all problems."""
    only, problems = noun(f"<Sip {attributes}>{inside}</Sip>")
    assert isinstance(only, Sip)
    return only, problems


def codes(document: Document) -> list[int]:
    return [problem.code for problem in document.problems]
