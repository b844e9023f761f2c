"""How the adaptation is trained: sketches and renders in one latent space, nothing paired."""
