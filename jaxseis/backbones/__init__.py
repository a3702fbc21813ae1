"""Networks inside of couplings, and summaries of conditions: they know arrays, no physics."""

from jaxseis.backbones.cnn import CNN as CNN
from jaxseis.backbones.deep_set import DeepSet as DeepSet
from jaxseis.backbones.made import MADE as MADE
from jaxseis.backbones.mlp import MLP as MLP
from jaxseis.backbones.probed_convolution import ProbedConv as ProbedConv
from jaxseis.backbones.probed_convolution import probed as probed
from jaxseis.backbones.resnet import ResidualBlock as ResidualBlock
from jaxseis.backbones.resnet import ResNet as ResNet
from jaxseis.backbones.set_transformer import SetTransformer as SetTransformer
from jaxseis.backbones.unet import Pyramid as Pyramid
from jaxseis.backbones.unet import UNet as UNet
