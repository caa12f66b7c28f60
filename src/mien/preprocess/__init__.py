"""From picture and face to network input; training and use share this code."""
