"""Every experiment the lab knows by name, each one record in the file of its source."""

from aecore.recipes import geeksforgeeks, keras, lab, papers, tensorflow, transforms, zhong
from aecore.recipes.recipe import Published, Recipe

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for source in (lab, geeksforgeeks, tensorflow, zhong, keras, papers, transforms)
    for recipe in source.RECIPES
}

__all__ = ["RECIPES", "Published", "Recipe"]
