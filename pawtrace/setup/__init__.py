"""Setting a project up for somebody's photos: backbones, profiles, recipes that fit the photos."""
