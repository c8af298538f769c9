//! A photo as a network takes it: reduced, scaled, channel by channel.

use std::borrow::Cow;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use crate::grid::Grid;
use crate::photo::Photo;
use crate::settings::{Channels, Scaling};

/// How a network takes its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) width_px: usize,
    pub(super) height_px: usize,
    pub(super) scaling: Scaling,
    pub(super) channels: Channels,
    /// Channels behind one another pixel by pixel (NHWC) instead of plane by plane (NCHW).
    pub(super) interleaved: bool,
}

/// Mean and standard deviation of the photos of ImageNet, 0 to 1, red, green, blue.
const IMAGENET: [[f32; 2]; 3] = [[0.485, 0.229], [0.456, 0.224], [0.406, 0.225]];

/// The colours of a photo, sRGB: its small copy, or grey where only its luminance is known.
pub(super) fn colors<'a>(
    photo: &Photo,
    color: Option<&'a Grid<[u8; 3]>>,
) -> Cow<'a, Grid<[u8; 3]>> {
    if let Some(color) = color {
        return Cow::Borrowed(color);
    }
    Cow::Owned(photo.luminance.map(|light| {
        let light = light.clamp(0.0, 1.0);
        let display = if light <= 0.003_130_8 {
            12.92 * light
        } else {
            1.055 * light.powf(1.0 / 2.4) - 0.055
        };
        [(display * 255.0).round() as u8; 3]
    }))
}

/// The sides and the numbers of a network's input. `None` if the picture cannot be resized.
pub(super) fn tensor(colors: &Grid<[u8; 3]>, layout: &Layout) -> Option<(Vec<usize>, Vec<f32>)> {
    let (width, height) = (layout.width_px, layout.height_px);
    let planes: Vec<Vec<f32>> = (0..3)
        .map(|channel| {
            resized(
                &colors.map(|color| f32::from(color[channel])),
                width,
                height,
            )
        })
        .collect::<Option<_>>()?;
    let value = |pixel: usize, channel: usize| {
        let stored = match layout.channels {
            Channels::Rgb => channel,
            Channels::Bgr => 2 - channel,
        };
        let byte = planes[stored][pixel].clamp(0.0, 255.0);
        match layout.scaling {
            Scaling::Imagenet => (byte / 255.0 - IMAGENET[stored][0]) / IMAGENET[stored][1],
            Scaling::Symmetric => byte / 127.5 - 1.0,
            Scaling::Unit => byte / 255.0,
            Scaling::Bytes => byte,
        }
    };
    let count = width * height;
    Some(if layout.interleaved {
        let numbers = (0..count * 3).map(|index| value(index / 3, index % 3));
        (vec![1, height, width, 3], numbers.collect())
    } else {
        let numbers = (0..count * 3).map(|index| value(index % count, index / count));
        (vec![1, 3, height, width], numbers.collect())
    })
}

/// One channel at another size; `None` where a side is out of range.
fn resized(plane: &Grid<f32>, width: usize, height: usize) -> Option<Vec<f32>> {
    let side = |length: usize| u32::try_from(length).ok();
    let (from_width, from_height) = (side(plane.width())?, side(plane.height())?);
    let bytes = bytemuck::cast_slice(plane.values());
    let from = TypedImageRef::<F32>::from_buffer(from_width, from_height, bytes).ok()?;
    let mut numbers = vec![0.0f32; width * height];
    let bytes = bytemuck::cast_slice_mut(&mut numbers);
    let mut to = TypedImage::<F32>::from_buffer(side(width)?, side(height)?, bytes).ok()?;
    let cubic = ResizeAlg::Convolution(FilterType::CatmullRom);
    let options = ResizeOptions::new().resize_alg(cubic);
    // Typed: the other way round compiles the code for every type of pixel, minutes of it.
    Resizer::new().resize_typed(&from, &mut to, &options).ok()?;
    drop(to);
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_planes_land_where_the_layout_says() {
        let colors = Grid::filled(5, 4, [255, 0, 51]);
        let mut layout = Layout {
            width_px: 2,
            height_px: 3,
            scaling: Scaling::Unit,
            channels: Channels::Rgb,
            interleaved: false,
        };
        let (sides, numbers) = tensor(&colors, &layout).unwrap();
        assert_eq!(sides, [1, 3, 3, 2]);
        assert_eq!((numbers[0], numbers[6], numbers[12]), (1.0, 0.0, 0.2));
        layout.channels = Channels::Bgr;
        layout.interleaved = true;
        let (sides, numbers) = tensor(&colors, &layout).unwrap();
        assert_eq!(sides, [1, 3, 2, 3]);
        assert_eq!(numbers[..3], [0.2, 0.0, 1.0]);
        layout.scaling = Scaling::Symmetric;
        assert_eq!(tensor(&colors, &layout).unwrap().1[1..3], [-1.0, 1.0]);
        layout.scaling = Scaling::Imagenet;
        let red = tensor(&colors, &layout).unwrap().1[2];
        assert!((red - (1.0 - 0.485) / 0.229).abs() < 1e-5);
    }
}
