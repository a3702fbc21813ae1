"""The wave equation as a family of operators: propagation, projections, modelling, Born scattering."""
