//! The command line: what can be asked, and how answers and errors are put.

mod check;
mod config;
mod convert;
mod depth_args;
mod etch;
mod etch_args;
mod failure;
mod list;
mod matte_args;
mod progress;
mod target;
mod text;
mod text_args;
mod values;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::failure::Failure;
use self::text::print;

/// Turns a photo into the cloud of laser points that is etched inside a crystal heart.
#[derive(Debug, Parser)]
#[command(
    name = "glyptic",
    version,
    max_term_width = 100,
    after_help = "Lengths take a unit (3mm, 80um, 1.25in) and are millimetres without one.\n\
                  Exit codes: 0 done, 1 the job failed or the file is not safe, 2 wrong usage, 130 stopped by Ctrl-C.\n\n\
                  Example: glyptic etch photo.jpg --blank heart-35 -o pendant.dxf --preview pendant.png"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make files of points from a photo.
    Etch(Box<etch_args::EtchArgs>),
    /// Tell whether a file of points is safe to etch.
    Check(Box<check::CheckArgs>),
    /// Make another file from a file of points: format, frame, unit; fit, trim, thin, respace.
    Convert(Box<convert::ConvertArgs>),
    /// List the crystals that are known by name, or show one.
    Blanks(list::BlanksArgs),
    /// List the engravers that are known by name.
    Machines(list::ListArgs),
    /// List the file formats.
    Formats(list::ListArgs),
    /// Print the JSON Schema of what `etch`, or another command, prints with --json.
    Schema {
        /// The command.
        #[arg(default_value = "etch", value_parser = ["etch", "check", "convert"])]
        command: String,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print a man page, of the program or of one of its commands.
    Man {
        /// The command; the program itself without one.
        command: Option<String>,
    },
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let result = match Cli::try_parse() {
        Ok(cli) => dispatch(cli.command),
        Err(error) => Err(Failure::from(error)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Etch(args) => etch::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Blanks(args) => list::blanks(&args),
        Command::Machines(args) => list::machines(&args),
        Command::Formats(args) => list::formats(&args),
        Command::Schema { command } => print(&match command.as_str() {
            "check" => glyptic::check::Findings::schema_json(),
            "convert" => glyptic::convert::Summary::schema_json(),
            _ => glyptic::report::Report::schema_json(),
        }),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "glyptic", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Command::Man { command } => man(command.as_deref()),
    }
}

/// Prints the man page of a command, or of the program.
fn man(name: Option<&str>) -> Result<(), Failure> {
    let mut program = Cli::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => {
            let known: Vec<&str> = program
                .get_subcommands()
                .map(|command| command.get_name())
                .collect();
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| {
                Failure::Usage(format!(
                    "unknown command `{name}`; known: {}",
                    known.join(", ")
                ))
            })?
        }
    };
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::Usage(error.to_string()))?;
    print(&String::from_utf8_lossy(&page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
