//! `glyptic convert`: between formats, frames and units; mends files on the way.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use glyptic::convert::{Coordinates, FileFrame, Purpose, Steps, Summary, Written, convert};
use glyptic::format::{self, Format, TextSettings};
use glyptic::machine::{Mirror, Units};
use glyptic::report::OutputFile;
use glyptic::settings::DxfDialect;

use super::failure::{Failure, printable};
use super::target::TargetArgs;
use super::text::print;
use super::text_args::TextArgs;
use super::values::{count, one_of};

const EXAMPLES: &str = "\
Nothing is moved, dropped or put in another order unless a flag asks for it.
The order of the steps: mirror, fit, trim, thin, respace, reorder.

Examples:
  glyptic convert cloud.ply pendant.dxf
      Another format; a warning tells if its rounding breaks the spacing.
  glyptic convert old.dxf new.dxf --blank heart-35 --trim --respace --reorder
      A file that is safe to etch: see glyptic check.
  glyptic convert cloud.xyz small.ply --fit --blank heart-20 --thin 100k --respace
      Into a smaller heart with fewer points.
  glyptic convert bed.ply portrait.xyz --from-frame bed --from-units in --blank block-50x50x80
      From inches above the machine's bed.";

/// `glyptic convert`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// The file of points to read: any format that glyptic reads; see `glyptic formats`.
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    input: PathBuf,
    /// The file to write. Its extension says the format, unless --format does.
    #[arg(value_name = "OUT", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// Format of OUT, whatever its extension; see `glyptic formats`.
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Dialect of a DXF file. [default: the machine's, cockpit for green-532]
    #[arg(long, value_name = "NAME", value_parser = one_of::<DxfDialect>(&["cockpit", "venus3d", "r12", "ac1015"]))]
    dxf_dialect: Option<DxfDialect>,
    /// PLY and PCD as text instead of binary.
    #[arg(long)]
    ply_ascii: bool,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    steps: StepArgs,
    #[command(flatten)]
    numbers: NumberArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Print what was done as JSON instead of text; `glyptic schema convert` prints its schema.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "What is done to the points")]
struct StepArgs {
    /// Exchange left and right (x), or top and bottom (y). [default: none]
    #[arg(long, value_name = "AXIS", value_parser = one_of::<Mirror>(&["none", "x", "y"]))]
    mirror: Option<Mirror>,
    /// Scale and shift all points together: as large as the crystal's safe volume allows.
    #[arg(long)]
    fit: bool,
    /// Drop the points that are not in the safe volume.
    #[arg(long)]
    trim: bool,
    /// Drop points until N are left, evenly, so that the tone stays; 250000, 250k or 1.5M.
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = count)]
    thin: Option<u64>,
    /// Move or drop few points so that the spacing holds in the file as written.
    #[arg(long)]
    respace: bool,
    /// Put the deepest points first, with short ways.
    #[arg(long)]
    reorder: bool,
}

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Numbers in the files")]
struct NumberArgs {
    /// Unit of the numbers in IN: mm, um or in. [default: mm]
    #[arg(long, value_name = "UNIT", value_parser = one_of::<Units>(&["mm", "um", "in"]))]
    from_units: Option<Units>,
    /// Where IN counts from: portrait (the crystal's centre), or bed (z from the machine's bed, on
    /// which the crystal lies; needs --blank). [default: portrait]
    #[arg(long, value_name = "FRAME", value_parser = one_of::<FileFrame>(&["portrait", "bed"]))]
    from_frame: Option<FileFrame>,
    /// Unit of the numbers in OUT. [default: mm]
    #[arg(long, value_name = "UNIT", value_parser = one_of::<Units>(&["mm", "um", "in"]))]
    units: Option<Units>,
    /// Where OUT counts from. [default: portrait]
    #[arg(long, value_name = "FRAME", value_parser = one_of::<FileFrame>(&["portrait", "bed"]))]
    frame: Option<FileFrame>,
}

/// Runs `glyptic convert`.
pub(crate) fn run(args: &ConvertArgs) -> Result<(), Failure> {
    if args.steps.thin == Some(0) {
        let line = "--thin 0: leaves no point; give a number of points to keep";
        return Err(Failure::Usage(line.to_owned()));
    }
    let target = args.target.target()?;
    let format = format_of(args, target.machine.dialect)?;
    let mut text = TextSettings {
        decimals: target.machine.decimals,
        ..TextSettings::default()
    };
    args.text.apply(&mut text);
    text.check()?;
    let inputs = target.files.iter().chain([&args.input]);
    format::check_targets(&[&args.output], &inputs.collect::<Vec<_>>())?;
    let coordinates = |frame: Option<FileFrame>, units: Option<Units>| Coordinates {
        frame: frame.unwrap_or_default(),
        units: units.unwrap_or_default(),
    };
    let numbers = &args.numbers;
    let from = coordinates(numbers.from_frame, numbers.from_units);
    let to = coordinates(numbers.frame, numbers.units);
    if from.frame != to.frame && !args.target.names_blank() {
        let line = "--frame bed: counts from below the crystal, whose thickness is not known; add \
                    --blank";
        return Err(Failure::Usage(line.to_owned()));
    }
    let thickness_mm = target.thickness_mm();
    let cloud = from.to_portrait(&format::read(&args.input)?, thickness_mm);
    let purpose = Purpose {
        blank: &target.blank,
        machine: &target.machine,
        spacing_xy_mm: target.spacing_xy_mm,
        spacing_z_mm: target.spacing_z_mm,
        written: Written::new(to, format, &text, thickness_mm),
    };
    let steps = Steps {
        mirror: args.steps.mirror.unwrap_or_default(),
        fit: args.steps.fit,
        trim: args.steps.trim,
        thin: args.steps.thin,
        respace: args.steps.respace,
        reorder: args.steps.reorder,
    };
    let (cloud, mut summary) = convert(&cloud, &steps, &purpose)?;
    let file = to.from_portrait(&cloud, thickness_mm);
    let mut comments = to.statement().to_vec();
    comments.push(format!("glyptic {}", env!("CARGO_PKG_VERSION")));
    let name = args.input.file_name().unwrap_or_default().to_string_lossy();
    comments.push(format!("converted from {name}"));
    let written = format::write_whole(&args.output, |out| {
        format::write_stating(&file, format, &comments, &text, &args.output, out)
    })?;
    summary.input = Some(args.input.clone());
    summary.output = Some(OutputFile {
        path: written.path,
        format: format.name().to_owned(),
        bytes: written.bytes,
        sha256: written.sha256,
        part_of: None,
    });
    answer(args.json, &summary)
}

fn answer(json: bool, summary: &Summary) -> Result<(), Failure> {
    for warning in &summary.warnings {
        eprintln!("glyptic: warning: {}", printable(warning));
    }
    if json {
        print(&summary.to_json())
    } else {
        print(&format!("{}\n", printable(&summary.to_string())))
    }
}

/// The format that `--format` or the extension asks for.
fn format_of(args: &ConvertArgs, machines: DxfDialect) -> Result<Format, Failure> {
    let dialect = args.dxf_dialect.unwrap_or(machines);
    match (&args.format, args.output.extension()) {
        (Some(name), _) => Ok(Format::from_name(name, dialect, args.ply_ascii)?),
        (None, Some(extension)) => {
            let extension = extension.to_string_lossy();
            Ok(Format::from_extension(&extension, dialect, args.ply_ascii)?)
        }
        (None, None) => Err(Failure::Usage(format!(
            "{} has no extension that would say its format; add one like .dxf, or --format",
            args.output.display()
        ))),
    }
}
