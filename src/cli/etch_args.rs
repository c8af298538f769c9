//! The flags of `glyptic etch`, and how they change settings.
//!
//! Every flag is optional and says its default itself; what is not given stays as the settings
//! file, or [`Settings::default`], has it.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use glyptic::Settings;
use glyptic::sampling::Quality;
use glyptic::settings::{Cropping, DepthSource, DxfDialect, Fit, MatteSource, Near, ToneMode};
use glyptic::units::{Degrees, Mm, Size};

use super::depth_args::DepthArgs;
use super::matte_args::MatteArgs;
use super::text_args::TextArgs;
use super::values::{
    count, crop, depth_source, matte_source, number, offset, one_of, png, spacing, threads, whole,
};

const EXAMPLES: &str = "\
Examples:
  glyptic etch photo.jpg --blank heart-35 -o pendant.dxf
      The photo in a heart of 35 x 35 x 12 mm, for a machine that reads Cockpit3D's files.
  glyptic etch photo.jpg --depth depth.png --relief 4mm -o bust.ply --preview bust.png
      A relief from a depth map (bright is near), with a picture of the result.
  glyptic etch photo.jpg --crop 120,40,600,600 --toning 1.5 -o a.dxf -o a.xyz --report a.json
      Part of the photo, brighter; the same points in two files, and a report.
  glyptic etch photo.jpg --matte auto --depth auto --eyes 203,102,233,102 -o relief.dxf
      One plain photo: the person with these eyes, cut out, as a relief that is guessed.
  glyptic etch --config a.json
      The same pendant again.

A name that is also a word here is a file when written with its folder: --depth ./auto";

/// `glyptic etch`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EtchArgs {
    /// The photo: JPEG, PNG, TIFF, WebP, BMP or GIF. [default: that of the report in --config]
    #[arg(value_name = "PHOTO", value_hint = ValueHint::FilePath)]
    pub(crate) photo: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    crystal: CrystalArgs,
    #[command(flatten)]
    placement: PlacementArgs,
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    matte: MatteArgs,
    #[command(flatten)]
    depth: DepthArgs,
    #[command(flatten)]
    tone: ToneArgs,
    #[command(flatten)]
    points: PointArgs,
    #[command(flatten)]
    pub(crate) running: RunArgs,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Files")]
pub(crate) struct FileArgs {
    /// File of points; several give the same points in several formats. The extension says the
    /// format; see `glyptic formats`. [default: those of the report in --config]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Vec<PathBuf>,
    /// Format of all -o files, whatever their extension; see `glyptic formats`.
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Picture of what the pendant will look like.
    #[arg(long, value_name = "FILE.png", value_parser = png(), value_hint = ValueHint::FilePath)]
    pub(crate) preview: Option<PathBuf>,
    /// Report with settings, checksums and measurements; as --config it makes the same again.
    #[arg(long, value_name = "FILE.json", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// What the sampler is asked to show: 16-bit grey, white is the largest density.
    #[arg(long, value_name = "FILE.png", value_parser = png(), value_hint = ValueHint::FilePath)]
    pub(crate) tone_map: Option<PathBuf>,
    /// Settings to start from: TOML, JSON, or a report. Flags override them.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Dialect of DXF files. [default: the machine's, cockpit for green-532]
    #[arg(long, value_name = "NAME", value_parser = one_of::<DxfDialect>(&["cockpit", "venus3d", "r12", "ac1015"]))]
    dxf_dialect: Option<DxfDialect>,
    /// PLY and PCD as text instead of binary. [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ply_ascii: Option<bool>,
    #[command(flatten)]
    pub(crate) text: TextArgs,
    /// Grid that points stand on, 0.001 or 0.01 mm; never finer than every file resolves.
    /// [default: 0.01 mm with a cockpit or venus3d DXF, else 0.001 mm]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    precision: Option<Mm>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Crystal and machine")]
struct CrystalArgs {
    /// The crystal: a name (see `glyptic blanks`) or a file. [default: heart-30]
    #[arg(long, value_name = "NAME|FILE")]
    blank: Option<String>,
    /// Size that the crystal is scaled to: width x height x thickness, at most 300 mm.
    /// [default: its own]
    #[arg(long, value_name = "WxHxD", allow_hyphen_values = true)]
    size: Option<Size>,
    /// Least distance of points to the surface, mm. [default: the crystal's own, 2 or 3 mm]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    margin: Option<Mm>,
    /// The engraver: a name (see `glyptic machines`) or a TOML file. [default: green-532]
    #[arg(long, value_name = "NAME|FILE")]
    machine: Option<String>,
    /// Least distance between points across and along the beam, 0.005 to 10 mm; one number
    /// stands for both. [default: the machine's, 0.08x0.09 for green-532]
    #[arg(long, value_name = "XYxZ", allow_hyphen_values = true, value_parser = spacing)]
    spacing: Option<[Mm; 2]>,
    /// Layers behind one another that carry the tone, 1 to 32. [default: the machine's, 8 for
    /// green-532]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole::<u32>)]
    layers: Option<u32>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Placement")]
struct PlacementArgs {
    /// How the photo fills the safe area: cover it, or lie inside its bounding box.
    /// [default: cover]
    #[arg(long, value_name = "HOW", value_parser = one_of::<Fit>(&["cover", "contain"]))]
    fit: Option<Fit>,
    /// The part of the photo that is fitted: auto (where the subject is large and its head whole),
    /// none (all of it), or left, top, width and height in pixels of the upright photo.
    /// [default: auto with a matte or --eyes and without --fit, --zoom and --offset, else none]
    #[arg(long, value_name = "auto|none|X,Y,W,H", allow_hyphen_values = true, value_parser = crop)]
    crop: Option<Cropping>,
    /// Enlargement after the fit, 0.05 to 50. [default: 1]
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true, value_parser = number)]
    zoom: Option<f64>,
    /// Shift to the right and upward after the fit, mm. [default: 0,0]
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true, value_parser = offset)]
    offset: Option<[Mm; 2]>,
    /// Rotation, counter-clockwise, -360 to 360 degrees. [default: 0]
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true)]
    rotate: Option<Degrees>,
    /// Largest photo that is decoded, in millions of pixels, up to 4000. [default: 150]
    #[arg(long, value_name = "MP", allow_hyphen_values = true, value_parser = number)]
    max_megapixels: Option<f64>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Depth and subject")]
struct SubjectArgs {
    /// Where depth comes from: none (a flat picture), auto (the best that is at hand), embedded
    /// (stored in the photo by the phone), or a depth map of any size: grey PNG, TIFF, EXR, PFM,
    /// NPY. [default: none]
    #[arg(long, value_name = "none|auto|embedded|FILE", value_parser = depth_source)]
    depth: Option<DepthSource>,
    /// Which end of the depth map is near: short for --depth-kind nearness or distance.
    /// [default: as the kind says]
    #[arg(long, value_name = "END", value_parser = one_of::<Near>(&["bright", "dark"]))]
    near: Option<Near>,
    /// Depth of the relief from its nearest to its farthest point, mm. [default: as deep as fits,
    /// at most a third of the width]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    relief: Option<Mm>,
    /// Which part of the photo is etched: none (all of it), alpha (what is not transparent), auto
    /// (found by --matte-model, else by colour and depth; where that is not sure, all of it), or a
    /// picture of the photo's shape where white, or what is not transparent, is etched. [default: alpha]
    #[arg(long, value_name = "none|auto|alpha|FILE", value_parser = matte_source)]
    matte: Option<MatteSource>,
    /// What is left around the subject: 0 drops it, 0.2 dims it, 1 keeps it. [default: 0]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true, value_parser = number)]
    background: Option<f64>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Tone")]
struct ToneArgs {
    /// What is done to the photo's light: auto (levels, gentle local contrast, toning), or linear
    /// (density proportional to light, nothing else). [default: auto]
    #[arg(long, value_name = "MODE", value_parser = one_of::<ToneMode>(&["auto", "linear"]))]
    tone: Option<ToneMode>,
    /// Gamma on display values, 0.2 to 5: larger is darker. [default: 1.8]
    #[arg(long, value_name = "GAMMA", allow_hyphen_values = true, value_parser = number)]
    toning: Option<f64>,
    /// Least density of what is not black, 0 to 0.5 of the largest. [default: 0.05]
    #[arg(long, value_name = "FRACTION", allow_hyphen_values = true, value_parser = number)]
    floor: Option<f64>,
    /// Density of white, 0.05 to 1 of the largest. [default: 1]
    #[arg(long, value_name = "FRACTION", allow_hyphen_values = true, value_parser = number)]
    ceiling: Option<f64>,
    /// Etch dark parts instead of bright ones. [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    invert: Option<bool>,
    /// Added to display values, -1 to 1. [default: 0]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = number)]
    brightness: Option<f64>,
    /// Factor on display values about mid-grey, 0 to 5. [default: 1]
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true, value_parser = number)]
    contrast: Option<f64>,
    /// Width of the soft fade at the safe outline, 0 to 50 mm. [default: 1 mm, with linear 0]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    fade: Option<Mm>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Points")]
struct PointArgs {
    /// Budget of points: the same picture, scaled in density; 250000, 250k or 1.5M.
    /// [default: as many as the tone asks for]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = count)]
    points: Option<u64>,
    /// How much work goes into the picture: draft is fastest, best is finest. [default: fine]
    #[arg(long, value_name = "HOW", value_parser = one_of::<Quality>(&["draft", "fine", "best"]))]
    quality: Option<Quality>,
    /// Another seed gives another, equally good cloud. [default: 1]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = whole::<u64>)]
    seed: Option<u64>,
    /// Largest random shift of points along z, 0 to 1 mm: hides the layers from aside, and costs
    /// twice as much depth for each. [default: 0.02]
    #[arg(long, value_name = "MM", allow_hyphen_values = true)]
    jitter_z: Option<Mm>,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Running")]
pub(crate) struct RunArgs {
    /// Worker threads; the points do not depend on it. [default: one for each processor]
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Print the report as JSON instead of a summary.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing but errors.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl FileArgs {
    /// Whether a dialect is asked for.
    pub(crate) fn names_dialect(&self) -> bool {
        self.dxf_dialect.is_some()
    }
}

impl EtchArgs {
    /// `settings` with what the flags say.
    pub(crate) fn apply(&self, mut settings: Settings) -> Settings {
        fn set<T: Clone>(to: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                to.clone_from(value);
            }
        }
        fn set_some<T: Clone>(to: &mut Option<T>, flag: &Option<T>) {
            if flag.is_some() {
                to.clone_from(flag);
            }
        }
        let to = &mut settings;
        set(&mut to.blank.name, &self.crystal.blank);
        set_some(&mut to.blank.size, &self.crystal.size);
        set_some(&mut to.blank.margin_mm, &self.crystal.margin);
        set(&mut to.machine.name, &self.crystal.machine);
        set_some(
            &mut to.machine.spacing_xy_mm,
            &self.crystal.spacing.map(|[xy, _]| xy),
        );
        set_some(
            &mut to.machine.spacing_z_mm,
            &self.crystal.spacing.map(|[_, z]| z),
        );
        set_some(&mut to.machine.layers, &self.crystal.layers);
        set(&mut to.photo.max_megapixels, &self.placement.max_megapixels);
        set_some(&mut to.placement.fit, &self.placement.fit);
        set_some(&mut to.placement.crop, &self.placement.crop);
        set(&mut to.placement.zoom, &self.placement.zoom);
        set(
            &mut to.placement.offset_x_mm,
            &self.placement.offset.map(|[x, _]| x),
        );
        set(
            &mut to.placement.offset_y_mm,
            &self.placement.offset.map(|[_, y]| y),
        );
        set(&mut to.placement.rotate_degrees, &self.placement.rotate);
        set(&mut to.depth.source, &self.subject.depth);
        self.depth
            .apply(&mut to.depth, self.subject.depth.is_some());
        set_some(&mut to.depth.near, &self.subject.near);
        set_some(&mut to.depth.relief_mm, &self.subject.relief);
        set(&mut to.matte.source, &self.subject.matte);
        self.matte
            .apply(&mut to.matte, self.subject.matte.is_some());
        set(&mut to.matte.background, &self.subject.background);
        set(&mut to.tone.mode, &self.tone.tone);
        set(&mut to.tone.toning, &self.tone.toning);
        set(&mut to.tone.floor, &self.tone.floor);
        set(&mut to.tone.ceiling, &self.tone.ceiling);
        set(&mut to.tone.invert, &self.tone.invert);
        set(&mut to.tone.brightness, &self.tone.brightness);
        set(&mut to.tone.contrast, &self.tone.contrast);
        set_some(&mut to.tone.fade_mm, &self.tone.fade);
        set_some(&mut to.sampling.points, &self.points.points);
        set(&mut to.sampling.quality, &self.points.quality);
        set(&mut to.sampling.seed, &self.points.seed);
        set(&mut to.sampling.jitter_z_mm, &self.points.jitter_z);
        set(&mut to.output.dxf_dialect, &self.files.dxf_dialect);
        set(&mut to.output.ply_ascii, &self.files.ply_ascii);
        self.files.text.apply(&mut to.output.text);
        set_some(&mut to.output.precision_mm, &self.files.precision);
        settings
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Wrapper {
        #[command(flatten)]
        args: EtchArgs,
    }

    fn settings(flags: &[&str]) -> Settings {
        let line = ["etch", "photo.jpg"].iter().chain(flags);
        Wrapper::try_parse_from(line)
            .unwrap()
            .args
            .apply(Settings::default())
    }

    #[test]
    fn no_flags_are_the_default_settings() {
        assert_eq!(settings(&[]), Settings::default());
    }

    #[test]
    fn every_flag_changes_the_settings() {
        let flags: &[&[&str]] = &[
            &["--dxf-dialect", "r12"],
            &["--ply-ascii"],
            &["--separator", "tab"],
            &["--header"],
            &["--decimals", "3"],
            &["--precision", "0.01"],
            &["--blank", "heart-35"],
            &["--size", "35x35x12mm"],
            &["--margin", "2.5mm"],
            &["--machine", "uv-355-flux"],
            &["--spacing", "80umx90um"],
            &["--layers", "4"],
            &["--fit", "contain"],
            &["--crop", "1,2,30,40"],
            &["--crop", "auto"],
            &["--crop", "none"],
            &["--zoom", "1.5"],
            &["--offset", "-1,2"],
            &["--rotate", "-15deg"],
            &["--max-megapixels", "400"],
            &["--depth", "depth.png"],
            &["--depth-kind", "disparity"],
            &["--depth-model", "midas.onnx"],
            &["--model-family", "zoe"],
            &["--model-size", "384x256"],
            &["--model-scaling", "unit"],
            &["--model-channels", "bgr"],
            &["--eyes", "1,2,30,4"],
            &["--relief-curve", "0.3"],
            &["--detail", "1.5"],
            &["--near", "dark"],
            &["--relief", "4mm"],
            &["--matte", "none"],
            &["--background", "0.2"],
            &["--matte-model", "u2net.onnx"],
            &["--matte-model-family", "modnet"],
            &["--matte-model-size", "320x320"],
            &["--matte-model-scaling", "unit"],
            &["--matte-model-channels", "bgr"],
            &["--tone", "linear"],
            &["--toning", "1.5"],
            &["--floor", "0.1"],
            &["--ceiling", "0.9"],
            &["--invert"],
            &["--brightness", "-0.1"],
            &["--contrast", "1.2"],
            &["--fade", "0.5mm"],
            &["--points", "250k"],
            &["--quality", "best"],
            &["--seed", "7"],
            &["--jitter-z", "0.03"],
        ];
        for flag in flags {
            assert_ne!(
                settings(flag),
                Settings::default(),
                "{flag:?} changes nothing"
            );
        }
    }

    #[test]
    fn values_are_read_with_their_units() {
        let read = settings(&["--spacing", "80umx0.09mm", "--offset", "-1.5,2mm"]);
        assert_eq!(read.machine.spacing_xy_mm.unwrap().get(), 0.08);
        assert_eq!(read.machine.spacing_z_mm.unwrap().get(), 0.09);
        assert_eq!(read.placement.offset_x_mm.get(), -1.5);
    }

    #[test]
    fn odd_values_are_refused() {
        let flags: &[&[&str]] = &[
            &["--margin", "nan"],
            &["--spacing", "0.08x"],
            &["--spacing", "0.08,0.09"],
            &["--crop", "1,2,3"],
            &["--crop", "automatic"],
            &["--crop", "1,2,3,4,x"],
            &["--crop", "1,2,3,nan"],
            &["--layers", "-1"],
            &["--layers", "1.5"],
            &["--points", "-5"],
            &["--points", "many"],
            &["--points", "1e300M"],
            &["--threads", "0"],
            &["--offset", "1"],
            &["--fit", "stretch"],
            &["--dxf-dialect", "r13"],
            &["--separator", "colon"],
            &["--decimals", "-1"],
            &["--depth", ""],
            &["--matte", ""],
            &["--background", "half"],
            &["--model-size", "518"],
            &["--eyes", "1,2,3"],
            &["--eyes", "1,2,3,nan"],
        ];
        for flag in flags {
            let line = ["etch", "photo.jpg"].iter().chain(*flag);
            assert!(Wrapper::try_parse_from(line).is_err(), "{flag:?} was taken");
        }
    }
}
