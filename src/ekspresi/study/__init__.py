"""Run the trainings that a configuration names, compare them and report. ``run`` starts or resumes a study."""
