"""The local page of `pawtrace review`: doubtful photos, decisions about them, a photo to ask about."""
