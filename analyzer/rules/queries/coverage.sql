SELECT * FROM coverage;
