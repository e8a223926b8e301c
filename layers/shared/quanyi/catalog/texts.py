"""What every merchant's text in the catalogue is made of: languages, titles, and the models that hold them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Language = Literal["zh-CN", "en"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Titles = Annotated[dict[Language, Title], Field(min_length=1, description="Titles by language")]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def said(texts: dict[Language, str], language: Language) -> str:
    """In that language, else in the first there is; empty where there is none."""
    return texts.get(language) or next(iter(texts.values()), "")
