//! `glyptic blanks`, `machines`, `formats`: what there is, as tables or JSON.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueHint};
use glyptic::blank::{Blank, Hole};
use glyptic::format::{Format, READ_ONLY, check_targets, write_whole};
use glyptic::machine::Machine;
use glyptic::settings::BlankSettings;
use glyptic::units::{Mm, Size};
use glyptic::{Error, preview};
use serde_json::{Value, json};

use super::failure::{Failure, printable};
use super::text::{print, table};
use super::values::png;

/// How a list is printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListArgs {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

const BLANKS_EXAMPLES: &str = "\
Examples:
  glyptic blanks
      All crystals by name, with sizes and where the numbers come from.
  glyptic blanks show heart-35 --preview heart.png
      One crystal; a picture of outline, safe area, bevel and hole.
  glyptic blanks show crystal.template --margin 4mm --json
      One from a file, with another margin.";

/// `glyptic blanks`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, after_help = BLANKS_EXAMPLES)]
pub(crate) struct BlanksArgs {
    #[command(flatten)]
    list: ListArgs,
    #[command(subcommand)]
    command: Option<BlanksCommand>,
}

#[derive(Clone, Debug, Subcommand)]
enum BlanksCommand {
    /// Show one crystal: its numbers and where they come from.
    Show {
        /// Name or file.
        #[arg(value_name = "NAME|FILE")]
        blank: String,
        /// Size that it is scaled to: width x height x thickness. [default: its own]
        #[arg(long, value_name = "WxHxD", allow_hyphen_values = true)]
        size: Option<Size>,
        /// Least distance of points to the surface, mm. [default: its own]
        #[arg(long, value_name = "MM", allow_hyphen_values = true)]
        margin: Option<Mm>,
        /// Picture of outline, safe area, bevel and hole.
        #[arg(long, value_name = "FILE.png", value_parser = png(), value_hint = ValueHint::FilePath)]
        preview: Option<PathBuf>,
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// Lists the blanks, or shows one.
pub(crate) fn blanks(args: &BlanksArgs) -> Result<(), Failure> {
    match &args.command {
        None => list_blanks(args.list.json),
        Some(BlanksCommand::Show {
            blank,
            size,
            margin,
            preview,
            json,
        }) => {
            let settings = BlankSettings {
                name: blank.clone(),
                size: *size,
                margin_mm: *margin,
            };
            show_blank(&Blank::find(&settings)?, preview.as_deref(), *json)
        }
    }
}

/// What an `A` behind a number says.
const ASSUMPTION: &str = "our assumption, measured by nobody";

/// A number with the mark of one that no source states.
fn marked(number: String, assumed: bool) -> String {
    if assumed {
        format!("{number} A")
    } else {
        number
    }
}

fn list_blanks(json: bool) -> Result<(), Failure> {
    let mut blanks = Blank::all();
    let mut faults = Vec::new();
    for (path, found) in Blank::user_folder()
        .iter()
        .flat_map(|folder| Blank::in_folder(folder))
    {
        match found {
            Ok(blank) => blanks.push(blank),
            Err(error) => faults.push(format!("{}: {error}", path.display())),
        }
    }
    for fault in faults {
        eprintln!("glyptic: warning: {}", printable(&fault));
    }
    if json {
        return print_json(blanks.iter().map(blank_json));
    }
    let rows: Vec<_> = blanks
        .iter()
        .map(|blank| {
            [
                blank.name.clone(),
                blank.kind.clone(),
                blank.size.to_string(),
                format!("{} mm", blank.margin_mm),
                marked(format!("{} mm", blank.bevel_mm), blank.is_assumed("bevel")),
                marked(holes(blank), blank.is_assumed("hole")),
                blank.sources.get("size").cloned().unwrap_or_default(),
            ]
        })
        .collect();
    let titles = [
        "name",
        "kind",
        "width x height x thickness",
        "margin",
        "bevel",
        "hole",
        "size stated by",
    ];
    let patterns = Blank::patterns().join(", ");
    print(&format!(
        "{}\nA: {ASSUMPTION}; sources: glyptic blanks show NAME.\n\
         Any size: {patterns}. A file: TOML, .template, OBJ, STL, PLY, SVG, DXF.\n",
        table(titles, &rows)
    ))
}

fn show_blank(blank: &Blank, preview: Option<&Path>, json: bool) -> Result<(), Failure> {
    let volume = blank.safe_volume()?;
    if let Some(path) = preview {
        check_targets(&[path], &blank.files)?;
        let caption = format!(
            "{}\n{}, margin {} mm, bevel {} mm, hole {}",
            printable(&blank.name),
            blank.size,
            blank.margin_mm,
            blank.bevel_mm,
            holes(blank)
        );
        let picture = preview::blank_png(blank, &caption)?;
        write_whole(path, |out| {
            out.write_all(&picture).map_err(|source| Error::Write {
                path: path.to_owned(),
                source,
            })
        })?;
    }
    if json {
        return print(&format!("{:#}\n", blank_json(blank)));
    }
    let [x0, y0, x1, y1] = volume.bounds_mm();
    let mut rows = vec![
        ["kind".to_owned(), blank.kind.clone(), String::new()],
        [
            "size".to_owned(),
            blank.size.to_string(),
            source(blank, "size"),
        ],
        [
            "margin".to_owned(),
            format!("{} mm", blank.margin_mm),
            source(blank, "margin"),
        ],
        [
            "bevel".to_owned(),
            format!("{} mm", blank.bevel_mm),
            source(blank, "bevel"),
        ],
        ["hole".to_owned(), holes(blank), source(blank, "hole")],
    ];
    let safe = format!("{:.1} x {:.1} mm", x1 - x0, y1 - y0);
    rows.push([
        "safe area".to_owned(),
        safe,
        "follows from these".to_owned(),
    ]);
    print(&table([&blank.name, "", "source"], &rows))
}

fn source(blank: &Blank, key: &str) -> String {
    blank.sources.get(key).cloned().unwrap_or_default()
}

fn holes(blank: &Blank) -> String {
    let diameters: Vec<String> = blank
        .holes
        .iter()
        .map(|hole| format!("{} mm", hole.diameter_mm))
        .collect();
    if diameters.is_empty() {
        "none".to_owned()
    } else {
        diameters.join(", ")
    }
}

fn blank_json(blank: &Blank) -> Value {
    let hole = |hole: &Hole| json!({ "x_mm": hole.x_mm, "y_mm": hole.y_mm, "diameter_mm": hole.diameter_mm });
    json!({
        "name": blank.name,
        "kind": blank.kind,
        "width_mm": blank.size.width_mm.get(),
        "height_mm": blank.size.height_mm.get(),
        "thickness_mm": blank.size.thickness_mm.get(),
        "margin_mm": blank.margin_mm,
        "border_mm": blank.border_mm,
        "bevel_mm": blank.bevel_mm,
        "holes": blank.holes.iter().map(hole).collect::<Vec<_>>(),
        "glass": blank.glass,
        "sources": blank.sources,
    })
}

/// Lists the machines.
pub(crate) fn machines(args: &ListArgs) -> Result<(), Failure> {
    let mut machines = Machine::all();
    machines.extend(Machine::of_user()?);
    if args.json {
        return print_json(machines.iter().map(|machine| json!(machine)));
    }
    let rows: Vec<_> = machines
        .iter()
        .map(|machine| {
            let number = |field: &str, number: String| marked(number, machine.is_assumed(field));
            [
                machine.name.clone(),
                number("spacing_xy_mm", format!("{} mm", machine.spacing_xy_mm)),
                number("spacing_z_mm", format!("{} mm", machine.spacing_z_mm)),
                number("layers", machine.layers.to_string()),
                number("rate_hz", format!("{} /s", machine.rate_hz)),
                machine.title.clone(),
            ]
        })
        .collect();
    let titles = [
        "name",
        "spacing across",
        "along the beam",
        "layers",
        "points",
        "what it is",
    ];
    print(&format!(
        "{}\nA: {ASSUMPTION}; sources: glyptic machines --json.\n",
        table(titles, &rows)
    ))
}

/// Lists the formats.
pub(crate) fn formats(args: &ListArgs) -> Result<(), Failure> {
    if args.json {
        let written = Format::ALL.iter().map(|format| {
            json!({
                "name": format.name(),
                "extension": format.extension(),
                "title": format.title(),
                "decimals": format.decimals(),
                "written": true,
            })
        });
        let read_only = READ_ONLY.iter().map(|(extension, title)| {
            json!({
                "name": extension,
                "extension": extension,
                "title": title,
                "decimals": null,
                "written": false,
            })
        });
        return print_json(written.chain(read_only));
    }
    let mut rows: Vec<[String; 4]> = Format::ALL
        .iter()
        .map(|format| {
            let decimals = format.decimals();
            [
                format.name().to_owned(),
                format!(".{}", format.extension()),
                decimals.map_or_else(|| "floats".to_owned(), |digits| digits.to_string()),
                format.title().to_owned(),
            ]
        })
        .collect();
    for (extension, title) in READ_ONLY {
        rows.push([
            extension.to_owned(),
            format!(".{extension}"),
            "as found".to_owned(),
            format!("{title}; read only"),
        ]);
    }
    print(&table(
        ["name", "extension", "decimals", "what it is"],
        &rows,
    ))
}

fn print_json(items: impl Iterator<Item = Value>) -> Result<(), Failure> {
    print(&format!("{:#}\n", Value::Array(items.collect())))
}
