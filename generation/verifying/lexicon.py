"""Words that turn a sentence: what denies, what joins, what concludes. One table per language."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, eq=False)  # compared by identity, since what is read by it is remembered
class Lexicon:
    """Words of one language by what they do to a claim.

    `deny` turns the truth of its clause, or of the names that follow it at once; `flip` gives the names after it the
    opposite truth of their clause (except, unlike). `hard` words part clauses, `soft` ones join a list. `gap` words
    may stand between a denial and the name it belongs to. `chosen` words speak of the answer and not of the fact;
    `holds` words speak of the fact again. A clause with a `skip` word asks or supposes and claims nothing; `vague`
    ones mean one thing where the wrong option is asked for, and another elsewhere. A clause without a citation speaks
    of the question's fact only where it has a `relates` word: "vibration is easily measured" does not.
    """

    language: str
    deny: frozenset[str]
    flip: frozenset[str]
    hard: frozenset[str]
    soft: frozenset[str]
    gap: frozenset[str]
    verbs: frozenset[str]
    plural: frozenset[str]
    only: frozenset[str]
    others: frozenset[str]
    groups: frozenset[str]
    chosen: frozenset[str]
    holds: frozenset[str]
    skip: frozenset[str]
    vague: frozenset[str]
    relates: frozenset[str]
    common: frozenset[str]

    @cached_property
    def fillers(self) -> frozenset[str]:
        """Words that say nothing by themselves."""
        return self.gap - self.deny

    @cached_property
    def joints(self) -> frozenset[str]:
        """Words and marks that part clauses or join lists."""
        return self.hard | self.soft | {":"}

    def learnt(self, deny: frozenset[str], relates: frozenset[str]) -> "Lexicon":
        """Return the lexicon with more words that deny, and more that speak of a relation."""
        more = relates - self.common - self.gap - self.deny - self.soft - self.hard
        return replace(self, deny=self.deny | deny, relates=self.relates | more)


_ENGLISH = Lexicon(
    language="en",
    deny=_words(
        "not no nor neither none never cannot without fail fails failed lack lacks lacking absent missing unrelated "
        "irrelevant insensitive unaffected unchanged unsuitable useless wrong incorrect false untrue invalid "
        "impossible unable nothing nobody hardly excluded excludes exclude ruled rules rejected dismissed discarded "
        "eliminated eliminate discard reject dismiss denied negated unlisted contrary refutes blind"
    ),
    flip=_words("except excepting excluding besides unlike"),
    hard=_words(
        "but whereas while although though however yet because since so hence thus therefore which whose instead "
        "consequently accordingly thereby conversely ; "
    ),
    soft=_words("and or nor plus , \u2013 \u2014 &"),
    gap=_words(
        "of by with in to from for on at the a an this that these those any each both all either even just with as "
        "through via neither nor none no not and or sensor parameter signal option measurement ( ) : , “ ” "
    ),
    verbs=_words(
        "is are was were be been can cannot could do does did has have had will would may might must shall should "
        "include includes show shows indicate indicates hold holds respond responds react reacts reveal reveals "
        "cause causes lead leads mean means remain remains leave leaves detect detects yes no appears appear counts "
        "belongs belong occurs occur rises changes impairs applies apply tells points signals drops fails lacks"
    ),
    plural=_words("are do were have don't aren't haven't weren't"),
    only=_words("only solely exclusively sole"),
    others=_words("others rest remaining remainder other"),
    groups=_words("them these those options sensors"),
    chosen=_words(
        "answer answers correct right exception choose chosen chooses choice select selected selects pick picked "
        "leaves leaving left wrong incorrect conclude mark tick odd"
    ),
    holds=_words("hold holds true false indicated indicates indicate listed responds"),
    skip=_words(
        "judged concerns about asks asked asking question if whether suppose supposing assume assuming consider "
        "considering let"
    ),
    vague=_words("excluded exclude excludes eliminated eliminate discard discarded rejected reject dismiss dismissed"),
    relates=_words(
        "indicate indicates indicated indicating indicator indicators show shows shown reveal reveals reflect reflects "
        "respond responds react reacts detect detects detected detectable signal signals sensitive insensitive useful "
        "useless relevant irrelevant associated related unrelated linked tied connected affected unaffected listed "
        "recorded unlisted applies apply symptom sign hold holds leads lead cause causes caused explain explains fit "
        "fits suitable unsuitable counts belongs absent excluded ruled evidence says true false yes no"
    ),
    common=_words(
        "the of and to is that it for on with as are this be by not or from which have has can does no so while "
        "its at an each none neither nor only of"
    ),
)

_GERMAN = Lexicon(
    language="de",
    deny=_words(
        "nicht kein keine keinen keinem keiner keines keins nein weder noch nie niemals ohne falsch unzutreffend "
        "ungeeignet unabhängig unmöglich fehlt fehlen ausgeschlossen ausscheiden ausscheidet scheidet scheiden "
        "verneint nichts unbeeinflusst nirgends entfällt entfallen"
    ),
    flip=_words("außer ausgenommen anders abgesehen"),
    hard=_words(
        "aber sondern während wohingegen obwohl jedoch doch hingegen dagegen weil da denn daher deshalb deswegen also "
        "somit folglich demnach wobei ; "
    ),
    soft=_words("und oder noch sowie beziehungsweise , \u2013 \u2014 &"),
    gap=_words(
        "von durch mit in im an am auf zu zum zur bei für gegen der die das den dem des ein eine einen einem einer "
        "jede jeder jedes jeden jeweils beide beiden alle allen auch weder noch kein keine keiner keines nicht und "
        "oder als messgröße messgrößen fehlerart fehlerarten bauteil bauteile ursache sensor ( ) : , „ “ "
    ),
    verbs=_words(
        "ist sind war waren wird werden wurde wurden kann können konnte konnten hat haben hatte zeigt zeigen führt "
        "führen gehört gehören erfüllt erfüllen tritt treten lässt lassen wirkt wirken richtet richten gilt gelten "
        "trifft treffen bleibt bleiben steht stehen scheidet scheiden reagiert reagieren verändert ja nein fehlt "
        "fehlen lautet lauten heißt"
    ),
    plural=_words("sind werden können haben zeigen führen gehören erfüllen treten lassen wirken richten gelten "),
    only=_words("nur lediglich allein einzig ausschließlich"),
    others=_words("anderen übrigen restlichen andere übrige"),
    groups=_words("diesen ihnen genannten optionen messgrößen"),
    chosen=_words(
        "antwort richtig richtige richtigen lösung ausnahme gesucht gesuchte wählen gewählt bleibt übrig falsch "
        "anzukreuzen"
    ),
    holds=_words("zutrifft zutreffen zutreffend gilt gelten trifft aufgeführt angezeigt"),
    skip=_words("geht beurteilen betrifft frage gefragt wenn falls ob angenommen betrachten betrachtet"),
    vague=_words("entfällt entfallen ausgeschlossen ausscheiden ausscheidet scheidet scheiden"),
    relates=_words(
        "zeigt zeigen treffen anzeigen angezeigt anzeigt hinweis hinweist weist reagiert reagieren geeignet ungeeignet "
        "gehört "
        "gehören zutrifft zutreffen trifft gilt gelten führt aufgeführt ausgeschlossen belegt beleg ja nein relevant "
        "empfindlich abhängig unabhängig zusammenhang verbunden nachweisbar erkennbar"
    ),
    common=_words(
        "der das und ist nicht von mit den dem ein eine einer auf für sich wird durch als auch bei oder des zu keine "
        "kein weder noch nur dass wie einen die"
    ),
)

LEXICONS = {lexicon.language: lexicon for lexicon in (_ENGLISH, _GERMAN)}


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Return a word without its plural ending, so that "vibrations" and "vibration" are one name."""
    for ending in ("en", "n", "s", "e"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
