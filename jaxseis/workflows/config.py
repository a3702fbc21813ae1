"""What can be configured: the sections of a configuration file, and what each of their entries means.

Every section is a model of pydantic, so it can be made in Python too: ``FWISettings(bands_hz=(3, 6), ...)``.
Names carry their units. The descriptions are the comments of the file that ``jaxseis config`` prints.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


def _listed(value: Any) -> Any:
    """One thing as a list of one."""
    return (value,) if isinstance(value, (str, int, float)) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Line = tuple[Finite, Finite, Count]
"""First position, last position, number of points between them."""


class Section(BaseModel):
    """A section of a configuration file: unknown entries are errors, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Section):
    """Shot records in SEG-Y."""

    files: Texts = Field(
        default=(), description="folder, file, pattern or URL, or a list of them", examples=["shots/*.sgy"]
    )
    index: str | None = Field(
        default=None,
        description="where the scan of the files is kept; without files, what `jaxseis scan` saved",
        examples=["survey.npz"],
    )
    mode: Literal["strict", "tolerant"] = Field(
        default="strict",
        description='"strict": files that contradict themselves are errors; "tolerant": read what can be read',
    )
    keys: Texts = Field(
        default=("SourceX", "SourceY"), description="trace header words that the traces of a shot have in common"
    )
    grouping: Literal["keys", "runs"] = Field(
        default="keys", description='"runs": equal keys make one shot only where no other trace is between'
    )
    source_z: Texts = Field(
        default=("SourceDepth", "-SourceSurfaceElevation"),
        description="words that add up to the depth of a source; those with a minus are taken away",
    )
    receiver_z: Texts = Field(default=("-ReceiverGroupElevation",), description="the same for receivers")
    origin_m: tuple[Finite, Finite] = Field(
        default=(0.0, 0.0), description="X and Y of the survey where the model has x = 0 and y = 0"
    )
    azimuth_deg: Finite = Field(
        default=90.0, description="direction of x of the model, clockwise from the Y of the survey; 90 is along its X"
    )
    shots: str | Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        default=":", description='the shots used: numbers from 0 on, or "first:end:step" as in Python'
    )
    record_ms: Positive | None = Field(
        default=None, description="what is recorded later is not used", examples=[4000.0]
    )
    assume_interval_ms: Positive | None = Field(
        default=None, description="in place of the sampling interval that the files state", examples=[2.0]
    )
    assume_format: int | None = Field(
        default=None, description="in place of the code of the sample format: 1 is IBM, 5 IEEE", examples=[5]
    )
    assume_byte_order: Literal["big", "little"] | None = Field(
        default=None, description="in place of the byte order found", examples=["big"]
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.files and self.index is None:
            raise ValueError("give files, or an index that `jaxseis scan` has saved")
        return self


class Model(Section):
    """The velocity model: where an inversion starts, the background of a migration, the earth of a simulation."""

    file: str = Field(description="npz, hdf5, SEG-Y or raw", examples=["start.npz"])
    array: str = Field(
        default="vp", description='name of the velocity in the file, where there are names; "m" is squared slowness'
    )
    unit: Literal["km/s", "m/s"] = Field(default="km/s", description="of the velocity in the file")
    shape: Annotated[tuple[Count, ...], Field(min_length=2, max_length=3)] | None = Field(
        default=None, description="raw files: nodes along x[, y] and z", examples=[[401, 121]]
    )
    spacing_m: Annotated[tuple[Positive, ...], BeforeValidator(_listed)] | None = Field(
        default=None, description="raw files: distance of the nodes along x[, y] and z", examples=[[25.0, 25.0]]
    )
    origin_m: tuple[Finite, ...] | None = Field(
        default=None, description="raw files: position of the first node, zero by default", examples=[[0.0, 0.0]]
    )
    dtype: str = Field(
        default="<f4", description="raw files: type of the numbers as NumPy writes it; little-endian float32"
    )
    order: Literal["C", "F"] = Field(default="C", description='raw files: "C" for z fastest, "F" for x fastest')
    water_velocity_km_s: Positive | None = Field(
        default=None, description="cells from the top down that are not faster than this are water", examples=[1.5]
    )
    water_depth_m: NotNegative | None = Field(
        default=None, description="or: cells above this depth are water. Water stays as it is", examples=[200.0]
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.water_velocity_km_s is not None and self.water_depth_m is not None:
            raise ValueError("give one of water_velocity_km_s and water_depth_m")
        if (self.shape is None) != (self.spacing_m is None):
            raise ValueError("raw files need both shape and spacing_m")
        return self


class Source(Section):
    """The wavelet, the same for all shots."""

    peak_frequency_hz: Positive | None = Field(
        default=None, description="of a Ricker wavelet", examples=[8.0], json_schema_extra={"shown": True}
    )
    delay_ms: NotNegative | None = Field(
        default=None, description="time of its peak; one period by default", examples=[120.0]
    )
    file: str | None = Field(
        default=None, description="or: samples of the wavelet, .txt or .npz (wavelet)", examples=["wavelet.txt"]
    )
    step_ms: Positive | None = Field(default=None, description="time between the samples in the file", examples=[4.0])
    amplitude: Finite | Literal["fit"] = Field(
        default=1.0, description='factor of the wavelet; "fit" takes the one that fits the data best in the start model'
    )

    @model_validator(mode="after")
    def _one_wavelet(self) -> Self:
        if (self.peak_frequency_hz is None) == (self.file is None):
            raise ValueError("give one of peak_frequency_hz and file")
        if self.file is not None and self.step_ms is None:
            raise ValueError("a wavelet file needs step_ms, the time between its samples")
        return self


class Modelling(Section):
    """How waves are computed."""

    equation: Literal["Acoustic"] = Field(default="Acoustic", description="acoustic waves of constant density")
    space_order: Literal[2, 4, 6, 8, 10, 12, 14, 16] = Field(default=8, description="order of the differences in space")
    absorbing_cells: Annotated[int, Field(ge=0)] = Field(
        default=10, description="width of the absorbing layer; 0 for none"
    )
    free_surface: bool = Field(default=False, description="whether the top of the model is a free surface")
    max_velocity_km_s: Positive | None = Field(
        default=None,
        description="fixes the time step; a little above the bounds or the model by default",
        examples=[5.5],
    )
    engine: Literal["", "devito", "xla"] = Field(default="", description='"devito" or "xla"; by default what is there')
    dtype: Literal["float32", "float64"] = Field(default="float32", description="precision")
    shots_at_once: Count | None = Field(
        default=None,
        description="wavefields of so many shots in memory; those of a whole batch by default",
        examples=[2],
    )


class Processing(Section):
    """What is done to the data, observed and predicted alike."""

    step_ms: Positive | None = Field(default=None, description="resample the data to this step", examples=[4.0])
    mute_velocity_km_s: Positive | None = Field(
        default=None, description="top mute: nothing before start + offset / velocity", examples=[1.5]
    )
    mute_start_ms: Finite = Field(default=0.0, description="start of the top mute at offset zero")
    mute_taper_ms: NotNegative = Field(default=100.0, description="its taper")
    offsets_m: tuple[NotNegative, Positive] | None = Field(
        default=None, description="smallest and largest offset used", examples=[[200.0, 6000.0]]
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.offsets_m is not None and self.offsets_m[0] >= self.offsets_m[1]:
            raise ValueError("offsets_m has to be [smallest, largest]")
        return self


class FWISettings(Section):
    """Full-waveform inversion: Adam on random batches of shots, from low frequencies to high ones."""

    bands_hz: Annotated[tuple[Positive, ...], Field(min_length=1), BeforeValidator(_listed)] = Field(
        description="corners of the low-pass of data and wavelet, one after the other", examples=[[3.0, 5.0, 8.0]]
    )
    iterations: Annotated[tuple[Count, ...], Field(min_length=1), BeforeValidator(_listed)] = Field(
        default=(20,), description="iterations in each band: one number, or one for each"
    )
    batch: Count = Field(default=8, description="shots in an iteration")
    step_km_s: Positive = Field(
        default=0.1,
        description="largest change of velocity in the first iteration of a band; less where the misfit rises",
    )
    bounds_km_s: tuple[Positive, Positive] = Field(
        description="smallest and largest velocity below the water", examples=[[1.5, 5.0]]
    )
    smoothing_m: NotNegative = Field(default=0.0, description="standard deviation of the smoothing of gradients")
    seed: int = Field(default=0, description="of the random batches")
    checkpoint_every: Count = Field(default=5, description="iterations between checkpoints")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.iterations) not in (1, len(self.bands_hz)):
            raise ValueError(f"iterations has {len(self.iterations)} numbers for {len(self.bands_hz)} bands")
        if self.bounds_km_s[0] >= self.bounds_km_s[1]:
            raise ValueError("bounds_km_s has to be [smallest, largest]")
        return self

    @property
    def iterations_of_bands(self) -> tuple[int, ...]:
        """Iterations, one number for each band."""
        return self.iterations if len(self.iterations) > 1 else self.iterations * len(self.bands_hz)


class RTMSettings(Section):
    """Reverse-time migration."""

    batch: Count = Field(default=4, description="shots at a time")
    lowpass_hz: Positive | None = Field(
        default=None, description="corner of a zero-phase low-pass of data and wavelet", examples=[20.0]
    )
    subtract_background: bool = Field(
        default=True,
        description="whether what the model itself predicts, such as direct waves, is taken off the data first",
    )
    illumination: bool = Field(
        default=True,
        description="whether the image is divided by the energy of the source wavefields; one wavefield in memory",
    )
    laplacian: bool = Field(default=True, description="whether a Laplacian removes the smooth haze of turning waves")


class LSRTMSettings(Section):
    """Least-squares migration: conjugate gradients, data read once."""

    iterations: Count = Field(default=10, description="each costs a Born modelling and a migration of all shots")
    batch: Count = Field(default=4, description="shots at a time")
    lowpass_hz: Positive | None = Field(
        default=None, description="corner of a zero-phase low-pass of data and wavelet", examples=[20.0]
    )
    subtract_background: bool = Field(
        default=True, description="whether what the model predicts is taken off the data first"
    )
    depth_power: NotNegative = Field(default=0.5, description="cells are weighted by depth to this power")


class Survey(Section):
    """Where sources and receivers are, for a simulation without data files."""

    source_x_m: Line = Field(description="first, last, number of sources", examples=[[100.0, 3900.0, 20]])
    source_y_m: Line | None = Field(default=None, description="3-D: lines of sources", examples=[[100.0, 900.0, 5]])
    source_z_m: Finite = Field(description="depth of the sources", examples=[25.0])
    receiver_x_m: Line = Field(description="first, last, number of receivers", examples=[[0.0, 4000.0, 161]])
    receiver_y_m: Line | None = Field(default=None, description="3-D: lines of receivers", examples=[[0.0, 1000.0, 11]])
    receiver_z_m: Finite = Field(description="depth of the receivers", examples=[25.0])
    moving: bool = Field(
        default=False, description="whether receivers move with the source: receiver_x_m are offsets then"
    )
    record_ms: Positive = Field(description="record length", examples=[3000.0])
    step_ms: Positive = Field(default=4.0, description="time between samples")
    one_file: bool = Field(default=False, description="whether all shots go into one file; one for each otherwise")


class Output(Section):
    """Where results go."""

    folder: str = Field(default="output", description="made if it is not there")
    figures: bool = Field(default=True, description="whether figures are drawn")


class Config(Section):
    """A configuration: the sections a command needs are there, or it says which one is missing."""

    data: Data | None = None
    survey: Survey | None = None
    model: Model | None = None
    source: Source | None = None
    modelling: Modelling = Modelling()
    processing: Processing = Processing()
    fwi: FWISettings | None = None
    rtm: RTMSettings = RTMSettings()
    lsrtm: LSRTMSettings = LSRTMSettings()
    output: Output = Output()
