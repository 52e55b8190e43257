"""What a user can set about a consensus."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from failwise.generation.config import StageConfig


class VoterConfig(StageConfig):
    """One model at an OpenAI-compatible server."""

    model: str = Field(min_length=1, description="the model's name at its server")
    base_url: str = Field("", description="address of the server; empty: the client's default")
    name: str = Field("", description="what the voter is called in files; empty: the model's name")
    key: str = Field("OPENAI_API_KEY", description="environment variable that holds the server's key")

    @field_validator("key")
    @classmethod
    def _variable(cls, name: str) -> str:
        if not name.isidentifier():
            raise ValueError("key names an environment variable, such as OPENAI_API_KEY; a key itself is never written")
        return name

    @property
    def called(self) -> str:
        """Return the voter's name."""
        return self.name or self.model


class ConsensusConfig(StageConfig):
    """Who votes on which facts, and when they agree."""

    voters: tuple[VoterConfig, ...] = Field((), description="models that vote, best of different makers")
    asset_classes: tuple[str, ...] = Field((), description="asset classes by slug or label; empty: all")
    relations: tuple[str, ...] = Field((), description="relations by name; empty: all")
    facts: int | None = Field(None, ge=0, description="ask about so many unknown facts; empty: all")
    hidden: int = Field(0, ge=0, description="ask about so many stated facts too, hidden, to check the voters")
    min_share: float = Field(0.5, gt=0, le=1, description="least share of the voters that must agree")
    min_confidence: float = Field(80, ge=0, le=100, description="least confidence of every voter that agrees")
    min_voters: int = Field(2, ge=1, description="fewest usable votes on a fact")
    examples: int = Field(4, ge=0, le=16, description="answered examples in the prompt, of unrelated asset classes")
    retries: int = Field(5, ge=0, le=20, description="further tries where a reply cannot be used")
    temperature: float = Field(0.0, ge=0, le=2, description="of every request")
    max_tokens: int = Field(200, ge=16, description="longest reply; models that reason first need more")
    form: Literal["schema", "object", "none"] = Field("schema", description="JSON that the server is asked to keep to")
    timeout: float = Field(60.0, gt=0, description="seconds to wait for one reply")
    connect_timeout: float = Field(10.0, gt=0, description="seconds to wait for a connection")
    tries: int = Field(6, ge=0, le=50, description="tries of one request against 429, 5xx and broken connections")
    concurrency: int = Field(8, ge=1, le=256, description="requests in flight at once")
    seed: int = Field(0, ge=0, description="choice of examples and of hidden facts")

    @model_validator(mode="after")
    def _possible(self) -> "ConsensusConfig":
        names = [voter.called for voter in self.voters]
        if len(set(names)) < len(names):
            raise ValueError(f"two voters have the same name ({', '.join(names)}); give each its own with `name`")
        return self
