"""Turns a request into its four jobs: pure arithmetic and choice, no I/O."""

from studio.recipes.preset import LETTERS
from studio.recipes.recipe import PROMPT_PLACE, Recipe
from studio.recipes.request import Job, Request


def plan(request: Request) -> tuple[Job, ...]:
    """The four jobs, every value resolved, jobs of one base model standing together.

    Base models come in the order in which the recipes first name them; within one the
    letters keep their order.
    """
    jobs = [
        Job(
            request_id=request.id,
            letter=letter,
            recipe=request.preset.recipes[letter],
            prompt=join_prompt(
                request.preset.recipes[letter], request.preset.prompt, request.words
            ),
            negative_prompt=request.preset.recipes[letter].negative_prompt,
            seed=request.preset.recipes[letter].seed_rule.seed(request.seed),
            base_image=request.base_image,
            doodle=request.doodle,
        )
        for letter in LETTERS
    ]
    order = list(dict.fromkeys(job.recipe.base_model for job in jobs))
    return tuple(sorted(jobs, key=lambda job: order.index(job.recipe.base_model)))


def join_prompt(recipe: Recipe, theme: str, words: str) -> str:
    """The user's words first, then the theme's, both in the recipe's template.

    A text encoder cuts what stands last; the user's own words are not to be lost to a long
    theme. A template without a place for them stands in front.
    """
    asked = ", ".join(part.strip(" ,") for part in (words, theme) if part.strip(" ,"))
    if PROMPT_PLACE in recipe.prompt_template:
        joined = recipe.prompt_template.replace(PROMPT_PLACE, asked)
    else:
        joined = ", ".join(part for part in (recipe.prompt_template.strip(" ,"), asked) if part)
    return joined.strip(" ,")
