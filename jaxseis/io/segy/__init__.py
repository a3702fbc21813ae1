"""SEG-Y files: reading, scanning, shots out of core, writing."""

from jaxseis.io.segy.assume import Assume as Assume
from jaxseis.io.segy.fields import Word as Word
from jaxseis.io.segy.file import SegyFile as SegyFile
from jaxseis.io.segy.file import open_segy as open_segy
from jaxseis.io.segy.findings import Finding as Finding
from jaxseis.io.segy.findings import Report as Report
from jaxseis.io.segy.findings import SegyError as SegyError
from jaxseis.io.segy.index import ShotIndex as ShotIndex
from jaxseis.io.segy.index import StaleIndexError as StaleIndexError
from jaxseis.io.segy.layout import Layout as Layout
from jaxseis.io.segy.positions import Frame as Frame
from jaxseis.io.segy.positions import HeaderGeometry as HeaderGeometry
from jaxseis.io.segy.reading_ahead import read_ahead as read_ahead
from jaxseis.io.segy.scanning import scan as scan
from jaxseis.io.segy.section import read_section as read_section
from jaxseis.io.segy.section import write_section as write_section
from jaxseis.io.segy.shots import SegyShots as SegyShots
from jaxseis.io.segy.writing import SegyFormat as SegyFormat
from jaxseis.io.segy.writing import SegyWriter as SegyWriter
from jaxseis.io.segy.writing import write_shots as write_shots
