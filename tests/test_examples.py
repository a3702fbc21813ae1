"""The scripts of examples/, each run on a small grid: a figure is drawn and the numbers make sense."""

from pathlib import Path

import numpy as np
import pytest
from helpers.examples import FOLDER, load_example
from scipy.ndimage import gaussian_filter, laplace

pytest.importorskip("matplotlib")
pytestmark = pytest.mark.examples


@pytest.fixture
def run(tmp_path):
    """Runs an example's ``main`` with a figure in a folder of its own; gives what it returns."""
    import matplotlib.pyplot as plt

    def call(name, *arguments):
        figure = tmp_path / "new folder" / f"{name}.png"
        result = load_example(name).main(["--output", str(figure), *map(str, arguments)])
        assert figure.stat().st_size > 10_000
        return result

    yield call
    plt.close("all")


def test_every_example_is_run_here():
    source = Path(__file__).read_text()
    assert [p.stem for p in FOLDER.glob("*.py") if f'run("{p.stem}", ' not in source] == []


def test_shot_record(run):
    traces = np.asarray(run("shot_record", "--shape", 81, 41, "--duration", 800))
    assert traces.shape == (201, 81)
    nearest, farthest = 28, 80  # the shot is at 35 % of the line
    assert np.argmax(np.abs(traces[:, nearest])) < np.argmax(np.abs(traces[:, farthest]))
    assert np.abs(traces[:, nearest]).max() > np.abs(traces[:, farthest]).max() > 0


@pytest.mark.slow
def test_impulse_response(run):
    grid, pictures = run("impulse_response", "--nodes", 121, "--duration", 200)
    middle = grid.shape[0] // 2
    reach = {}  # of the wave along x and z, in nodes
    for name, (field, _) in pictures.items():
        lines = np.abs(field[middle:, middle]), np.abs(field[middle, middle:])
        reach[name] = [np.flatnonzero(line > 0.3 * line[10:].max()).max() for line in lines]
    assert reach["isotropic"][0] == reach["isotropic"][1]
    field = pictures["TTI"][0]
    diagonals = (np.abs(np.diag(f[middle:, middle:])) for f in (field, field[:, ::-1]))
    slow, fast = (np.flatnonzero(d > 0.3 * d[10:].max()).max() for d in diagonals)
    assert slow < fast  # the axis points to larger x and z, and waves across it are faster
    for name in ("elliptical", "VTI"):
        assert reach[name][0] > reach[name][1] == reach["isotropic"][1]


@pytest.mark.slow
def test_elastic_shot(run):
    records = run("elastic_shot", "--shape", 61, 41, "--duration", 600)
    assert all(np.isfinite(d).all() and np.abs(d).max() > 0 for d in records.values())
    assert np.abs(records["vx"]).max() < 10 * np.abs(records["vz"]).max()


@pytest.mark.slow
def test_fwi_lowers_the_model_error(run):
    errors = run("fwi", "--steps", 3, 1, "--shape", 61, 41, "--shots", 4, "--duration", 1200, "--quiet")
    assert errors[-1] < errors[0]


def test_fwi_from_segy_equals_the_inversion_from_memory(run):
    options = "--shape", 61, 41, "--shots", 4, "--duration", 1000, "--iterations", 3, "--quiet"
    errors, history, difference = run("fwi_from_segy", *options)
    assert difference == 0
    assert errors[1] < errors[0]


def test_rtm_puts_reflectors_where_they_are(run):
    options = "--shots", 6, "--duration", 900, "--smoothing", 3, "--quiet"
    image, dm = run("rtm", "--shape", 101, 61, *options)
    deep = np.s_[10:-10, 20:-8]  # away from the sources and the edges
    expected = -laplace(gaussian_filter(dm, 2))  # what the band of the wavelet leaves of the truth
    assert np.corrcoef(image[deep].ravel(), expected[deep].ravel())[0, 1] > 0.5


@pytest.mark.slow
def test_lsrtm_fits_the_reflections_and_beats_migration(run):
    residual, (migrated, inverted) = run("lsrtm", "--shape", 81, 41, "--shots", 4, "--duration", 800, "--iterations", 5)
    assert residual < 0.7
    assert inverted > migrated > 0


@pytest.mark.slow
def test_lambs_problem_is_that_of_theory(run):
    errors = run("lamb", "--points", 15)
    assert all(e[0] < 0.03 and e.max() < 0.05 for e in errors.values())


@pytest.mark.slow
def test_anisotropic_migration_beats_isotropic(run):
    likeness = run("tti_rtm", "--shape", 201, 111, "--shots", 8, "--duration", 1800, "--quiet")
    assert likeness["TTI"] > likeness["Isotropic"] > 0


@pytest.mark.slow
def test_the_right_q_restores_what_absorption_took(run):
    ratios = run("q_migration", "--shape", 91, 111, "--shots", 3, "--duration", 1300, "--iterations", 4)
    assert ratios["Absorption ignored"] < 0.8
    assert ratios["Absorption ignored"] + 0.1 < ratios["Absorption included"] < 1.1


@pytest.mark.slow
def test_elastic_inversion_lowers_the_misfit_and_the_error_of_s_velocity(run):
    options = "--shape", 61, 41, "--shots", 3, "--duration", 900, "--iterations", 3
    errors, history = run("elastic_fwi", "--quiet", *options)
    assert history[2] < 0.8
    assert errors["vs"][1] < errors["vs"][0]


def test_deconvolution_finds_spikes_where_least_squares_does_not(run):
    errors = run("deconvolution", "--spikes", 6, "--noise", 0.05, "--steps", 300)
    assert all(errors[name] < 0.5 * errors["LSQR, damped"] for name in ("SPGL1", "FISTA", "Linearized Bregman"))


def test_restricted_fourier_has_the_gradient_of_the_closed_form(run):
    difference, errors = run("restricted_fourier", "--steps", 500)
    assert difference < 1e-14
    assert errors["Gradient and proximal step"] < 0.2 < errors["Adam"]


@pytest.mark.slow
def test_curvelets_fill_gaps_better_than_linear_interpolation(run):
    found = run("curvelet_interpolation", "--shape", 301, 161, "--duration", 700, "--steps", 60)
    assert found["curvelets"] > found["linear"]
    assert found["denoised"] > found["noisy"]


@pytest.mark.slow
def test_compressive_migration_beats_plain(run):
    options = "--shape", 61, 51, "--shots", 8, "--batch", 2, "--duration", 900
    plain, compressive = run("compressive_lsrtm", *options)
    assert compressive < plain < 1


@pytest.mark.slow
def test_a_flow_is_within_a_fiftieth_of_a_nat_of_the_banana(run):
    assert abs(run("flow_banana", "--steps", 2000)) < 0.02


@pytest.mark.slow
def test_conditional_flows_give_the_exact_posterior_and_uniform_ranks(run):
    distances, p_values = run("flow_conditional_banana", "--steps", 2000)
    assert max(distances) < 0.1
    assert min(p_values) > 0.01


@pytest.mark.slow
def test_posteriors_of_flows_are_the_closed_form(run):
    errors = run("flow_linear_gaussian", "--steps", 5000)
    assert all(mean < 0.05 and covariance < 0.05 for mean, covariance in errors.values())


@pytest.mark.slow
def test_inverting_takes_the_same_memory_at_every_depth(run):
    found = run("flow_memory", "--side", 32, "--width", 16, "--depths", 4, 16)
    assert found["invert"][1] < 1.1 * found["invert"][0]
    assert found["remat"][1] > 1.5 * found["remat"][0]
    assert found["store"][1] > 3 * found["store"][0]


@pytest.mark.slow
def test_a_prior_of_faulted_earths_gains_likelihood(run):
    options = "--side", 16, "--width", 8, "--depth", 2, "--batch", 8, "--steps", 201
    history, _ = run("flow_faulted_earths", *options)
    assert history.validation[-1] < history.validation[0]


@pytest.mark.slow
def test_posteriors_of_seismic_images_are_better_than_what_is_observed(run):
    options = "--side", 16, "--width", 16, "--depth", 2, "--batch", 16, "--steps", 400
    (observed, mean), _ = run("flow_seismic_posterior", *options)
    assert mean > observed + 1


def test_operators_pass_the_dot_test_and_a_mistaken_adjoint_does_not(run):
    tests, (adjoint, solution) = run("introduction", "--shape", 121, 40, "--steps", 100)
    assert not tests.pop("mistaken")
    assert all(tests.values())
    assert solution > adjoint + 0.1


def test_the_interface_of_two_layers_images_where_it_is(run):
    error, difference = run("two_layers", "--shape", 101, 101, "--shots", 3, "--duration", 1100)
    assert error <= 20.0  # two nodes
    assert difference < 1e-12


def test_shots_give_the_same_gradient_wherever_they_run(run):
    options = "--shape", 41, 31, "--shots", 4, "--duration", 300, "--devices", 1
    seconds, differences, (measured, theory) = run("parallel_shots", *options)
    assert differences.pop(f"{max(seconds)} threads") == 0
    assert all(difference < 1e-10 for difference in differences.values())
    np.testing.assert_allclose(measured[:-1], theory[:-1], rtol=0.3)
    assert measured[-1] < 1e-12


def test_a_shot_found_by_scanning_is_the_one_that_was_written(run):
    options = "--shape", 161, 61, "--shots", 6, "--files", 2, "--duration", 400, "--near", 1800
    index, share, difference = run("segy_scan", *options)
    assert (len(index), len(index.files), index.traces) == (6, 2, 360)
    assert share < 0.5
    assert difference == 0


@pytest.mark.slow
def test_derivatives_are_the_same_in_every_way(run):
    options = "--shape", 31, 21, "--duration", 160, "--batch", 2, "--steps", 5
    differences, tests, losses = run("automatic_differentiation", *options)
    assert all(difference < 1e-9 for difference in differences.values())
    assert all(tests.values())
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_networks_with_physics_inside_have_the_right_gradients_and_learn(run):
    options = "--shape", 21, 15, "--duration", 160, "--examples", 12, "--steps", 20
    for result in run("physics_networks", *options).values():
        assert all(error < 1e-6 for error in result.errors.values())
        assert result.losses[-3:].mean() < 0.9 * result.losses[:3].mean()


@pytest.mark.slow
def test_a_network_finds_velocities_of_layers_where_the_mean_earth_does_not(run):
    survey = "--spacing", 20, "--duration", 1200, "--receivers", 8
    training = "--earths", 100, "--test", 20, "--steps", 300, 200, "--width", 16
    errors = run("layered_earths", *survey, *training, "--inverted", 1, "--iterations", 3, "--quiet")
    shallow = {name: error[:, :4].mean() for name, error in errors.items()}  # such short records see no deeper
    assert shallow["residual network"] < 0.7 * shallow["mean earth"]
    assert errors["least squares"].shape == (1, 9)


@pytest.mark.slow
def test_a_learned_solver_beats_migration(run):
    options = "--shape", 24, 20, "--earths", 48, "--held-out", 4, "--steps", 30, "--width", 4
    snr = run("unrolled_lsrtm", *options)
    assert snr["i-RIM, 4"] > snr["RTM"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
def test_a_deep_prior_is_better_than_noise_fitted(run):
    snr = run("deep_prior", "--shape", 32, 24, "--steps", 100, "--samples", 8, "--width", 16)
    assert snr["strong prior"] > snr["LSQR, 20"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Only .* points per wavelength")
def test_physics_bring_posteriors_nearer_to_the_data(run):
    options = "--side", 16, "--depth", 2, "--width", 8, "--steps", 60, "--correction", 20
    inside, misfits, _ = run("physics_posterior", *options)
    assert inside > 0.7  # after so few steps
    assert misfits["corrected"] < misfits["amortised"]
