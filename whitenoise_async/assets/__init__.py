"""URLs that contain a hash of the content, and the tags and headers that name them."""
