"""Objectives: misfits, and what is minimised in inversion."""

from jaxseis.objectives import misfit as misfit
from jaxseis.objectives.batches import shot_batches as shot_batches
from jaxseis.objectives.fwi import FWI as FWI
from jaxseis.objectives.lsrtm import LSRTM as LSRTM
