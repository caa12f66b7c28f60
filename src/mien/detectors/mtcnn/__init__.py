"""MTCNN (Zhang et al. 2016), in three stages."""
