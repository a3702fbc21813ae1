"""Linear operators: the algebra, and the wave equation as a family of operators."""
