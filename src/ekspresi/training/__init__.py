"""Learning: a data set and a configuration -> a run folder -> a model file. The only room that imports torch."""
