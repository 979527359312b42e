"""Run the trainings of a study, compare them and report; ``run`` starts or resumes a study."""
