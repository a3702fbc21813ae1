"""A trained flow made right for one observation outside of what it was trained on.

Amortised inference is as good as its training data. For one observation d, an affine map in the latent space of the
trained conditional flow, ``z = exp(s) e + b`` for every single latent, with e standard normal, and with the flow left
as it is, brings

    x = f^{-1}(exp(s) e + b; d)

nearer to the posterior (Siahkoohi, Rizzuti, Orozco and Herrmann, Reliable amortized variational inference with
physics-based latent distribution correction, Geophysics 2023, arXiv 2207.11640). s and b minimise `reverse_kl` with the
likelihood of the physics, from zero, where the flow was.
"""

from jaxseis.flows.composition import Sequential
from jaxseis.flows.flow import Flow
from jaxseis.flows.freezing import frozen
from jaxseis.flows.layers.diagonal_affine import DiagonalAffine


def latent_correction(flow: Flow) -> Flow:
    """The flow behind an affine map of its latents, which alone is to be trained.

    Arguments:
        flow: trained, with conditions. It is frozen: see `frozen`.

    Returns a flow with the same events and conditions; with the observation as its condition, it samples the corrected
    posterior.

    ```python
    likelihood = gaussian_likelihood(J, data, sigma)

    def loss(flow, x, condition, key):
        return reverse_kl(flow, lambda x: likelihood(x) + prior.log_prob(x), key, 16, data)

    corrected = fit(latent_correction(flow), loss=loss, steps=200, key=key).flow
    samples = corrected.sample(key, 100, data)
    ```
    """
    correction = DiagonalAffine(flow.latents()).reverse()
    summary = None if flow.summary is None else frozen(flow.summary)
    return Flow(Sequential([frozen(flow.bijection), correction]), flow.event_shape, flow.condition_shape, summary)
