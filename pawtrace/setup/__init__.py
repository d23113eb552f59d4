"""Set a project up for the user's photos: backbones, profiles, recipes that fit the photos."""
