"""What samples of posteriors say, and whether they are right: numbers; the figures are in `jaxseis.plotting`."""

from jaxseis.inference.calibration import Calibration as Calibration
from jaxseis.inference.calibration import error_spread_correlation as error_spread_correlation
from jaxseis.inference.calibration import uncertainty_calibration as uncertainty_calibration
from jaxseis.inference.contraction import contraction as contraction
from jaxseis.inference.contraction import z_score as z_score
from jaxseis.inference.coverage import Coverage as Coverage
from jaxseis.inference.coverage import binomial_band as binomial_band
from jaxseis.inference.coverage import coverage as coverage
from jaxseis.inference.ecdf import Band as Band
from jaxseis.inference.ecdf import ecdf_band as ecdf_band
from jaxseis.inference.ecdf import rank_ecdf as rank_ecdf
from jaxseis.inference.images import ImageScores as ImageScores
from jaxseis.inference.images import image_scores as image_scores
from jaxseis.inference.images import rmse as rmse
from jaxseis.inference.images import snr as snr
from jaxseis.inference.images import ssim as ssim
from jaxseis.inference.langevin import langevin as langevin
from jaxseis.inference.langevin import markov_chain as markov_chain
from jaxseis.inference.langevin import preconditioned_langevin as preconditioned_langevin
from jaxseis.inference.ranks import Uniformity as Uniformity
from jaxseis.inference.ranks import sbc_ranks as sbc_ranks
from jaxseis.inference.ranks import uniformity as uniformity
from jaxseis.inference.summaries import credible_interval as credible_interval
from jaxseis.inference.summaries import posterior_mean as posterior_mean
from jaxseis.inference.summaries import posterior_std as posterior_std
from jaxseis.inference.tarp import tarp as tarp
