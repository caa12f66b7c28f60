"""From picture and face to network input; training and inference share this code."""
