"""The languages of <Say> as the two speech engines name them: a voice of espeak-ng; a man and a woman of Amazon Polly.

Polly's names: https://docs.aws.amazon.com/polly/latest/dg/available-voices.html.  Where a language has but one voice,
it speaks for both; Greek has none.
"""

from __future__ import annotations

from typing import NamedTuple


class Voices(NamedTuple):
    """``man`` and ``woman`` are empty where Polly does not speak the language."""

    espeak: str
    man: str
    woman: str


VOICES = {
    "ar": Voices("ar", "Zayd", "Hala"),
    "bf": Voices("fr-be", "Isabelle", "Isabelle"),
    "bp": Voices("pt-br", "Thiago", "Camila"),
    "ca": Voices("ca", "Arlet", "Arlet"),
    "cf": Voices("fr-fr", "Liam", "Gabrielle"),
    "cs": Voices("cs", "Jitka", "Jitka"),
    "dan": Voices("da", "Mads", "Sofie"),
    "de": Voices("de", "Daniel", "Vicki"),
    "el": Voices("el", "", ""),
    "en": Voices("en-us", "Matthew", "Joanna"),
    "en-gb": Voices("en-gb", "Arthur", "Amy"),
    "es": Voices("es", "Sergio", "Lucia"),
    "fi": Voices("fi", "Suvi", "Suvi"),
    "fr": Voices("fr-fr", "Remi", "Lea"),
    "it": Voices("it", "Adriano", "Bianca"),
    "nl": Voices("nl", "Ruben", "Laura"),
    "no": Voices("nb", "Ida", "Ida"),
    "pl": Voices("pl", "Jacek", "Ola"),
    "pt": Voices("pt", "Cristiano", "Ines"),
    "ru": Voices("ru", "Maxim", "Tatyana"),
    "sv": Voices("sv", "Elin", "Elin"),
    "tr": Voices("tr", "Burcu", "Burcu"),
}
# The rest are neural.
STANDARD = frozenset({"Cristiano", "Jacek", "Mads", "Maxim", "Ruben", "Tatyana"})
