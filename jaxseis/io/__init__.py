"""Files in and out: SEG-Y records, shots out of core, models."""

from jaxseis.io.models import RawLayout as RawLayout
from jaxseis.io.models import load_model as load_model
from jaxseis.io.models import save_model as save_model
from jaxseis.io.segy import Assume as Assume
from jaxseis.io.segy import Finding as Finding
from jaxseis.io.segy import Frame as Frame
from jaxseis.io.segy import HeaderGeometry as HeaderGeometry
from jaxseis.io.segy import Layout as Layout
from jaxseis.io.segy import Report as Report
from jaxseis.io.segy import SegyError as SegyError
from jaxseis.io.segy import SegyFile as SegyFile
from jaxseis.io.segy import SegyFormat as SegyFormat
from jaxseis.io.segy import SegyShots as SegyShots
from jaxseis.io.segy import SegyWriter as SegyWriter
from jaxseis.io.segy import ShotIndex as ShotIndex
from jaxseis.io.segy import StaleIndexError as StaleIndexError
from jaxseis.io.segy import Word as Word
from jaxseis.io.segy import open_segy as open_segy
from jaxseis.io.segy import read_ahead as read_ahead
from jaxseis.io.segy import read_section as read_section
from jaxseis.io.segy import scan as scan
from jaxseis.io.segy import write_section as write_section
from jaxseis.io.segy import write_shots as write_shots
