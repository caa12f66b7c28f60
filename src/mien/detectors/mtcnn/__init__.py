"""MTCNN (Zhang et al. 2016): the detector, its boxes, and the picture in many sizes."""
