"""What a trained model makes of images, measured."""
