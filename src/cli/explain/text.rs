//! An explanation as text for a terminal.

use crate::explain::{
    Change, CostBeside, Direction, Explanation, Identity, Measured, Nearest, Part, PartEffect,
    Reading, Sensitivity, Sharpness, Variation,
};
use crate::export::short_number;
use crate::run::{Gains, RunExplanation};
use crate::text_table::text_table;

/// How many known programs are listed at most.
const MOST_KNOWN: usize = 5;

pub(super) fn text(explained: &RunExplanation) -> String {
    let Explanation {
        reading,
        nearest,
        cost,
        measured,
        ..
    } = &explained.explanation;
    let mut sections = vec![read_as(reading)];
    sections.extend(nearest.iter().map(known_ones));
    sections.push(costs(cost));
    match measured {
        Some(measured) => {
            sections.push(parts(measured));
            sections.extend(constants(measured));
        }
        None => {
            let note = "# Which parts matter\n\nNot measured; without --quick it is.";
            sections.push(note.to_owned());
        }
    }
    match (&explained.gains, &explained.gains_note) {
        (Some(gains), _) => sections.push(line(gains)),
        (None, Some(note)) => sections.push(format!("# Where it comes from\n\nNot known: {note}.")),
        (None, None) => {}
    }
    sections.join("\n\n")
}

/// `count` of what is called so, in plain words.
fn counted(count: usize, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {word}{ending}")
}

fn read_as(reading: &Reading) -> String {
    let mut text = "# Read as\n".to_owned();
    let has_primes = |line: &String| line.contains('\'');
    let mut inexact: Vec<&str> = Vec::new();
    for function in &reading.functions {
        text += &format!("\n{}:\n", function.name);
        for formula in &function.formulas {
            text += &format!("  {formula}\n");
        }
        inexact.extend(function.inexact.iter().map(String::as_str));
    }
    text += "\n";
    let mut formulas = reading.functions.iter().flat_map(|it| &it.formulas);
    if formulas.any(has_primes) {
        text += "A name with ' is what the cell holds after the call. ";
    }
    text += &format!("It has {}", counted(reading.instructions, "instruction"));
    text += &match reading.idle_instructions {
        0 => ". ".to_owned(),
        idle => format!(", {idle} of them without effect, which are left out. "),
    };
    inexact.sort_unstable();
    inexact.dedup();
    if inexact.is_empty() {
        text += "The rewriting keeps every bit.";
    } else {
        text += "Rewritten as on paper, which rounds otherwise, by";
        for rule in inexact {
            text += &format!("\n  {rule}");
        }
    }
    text
}

fn known_ones(nearest: &Nearest) -> String {
    let Nearest {
        schema,
        identity,
        distances,
    } = nearest;
    let what_it_is = match identity {
        Some(identity) => identified(identity),
        None => format!("It is no known {schema} with other constants."),
    };
    let rows = distances.iter().take(MOST_KNOWN);
    let by_behaviour = nearest.by_behaviour();
    let further = by_behaviour.filter(|it| rows.clone().all(|row| row.name != it.name));
    let rows = rows.chain(further).map(|known| {
        let mut row = vec![known.name.clone(), format!("{:.2}", known.structure)];
        row.extend(known.behaviour.map(|it| format!("{it:.3}")));
        row
    });
    let mut header = vec!["known", "structure"];
    let mut note = "Structure: 0 differs in constants alone, 1 has nothing in common.".to_owned();
    // Of a part, there is none.
    if by_behaviour.is_some() {
        header.push("behaviour");
        note += " Behaviour: 0 does the same but for one\nfactor, 0.5 has nothing to do with it, 1 does the opposite.";
    }
    let header = header.into_iter().map(str::to_owned).collect();
    let table = text_table(header, rows);
    format!("# The nearest known {schema}\n\n{what_it_is}\n\n{table}\n\n{note}")
}

/// What known program it is, in words.
fn identified(identity: &Identity) -> String {
    let name = &identity.name;
    if identity.is_exact {
        return format!("It is {name}, to the bit.");
    }
    let Some(constants) = &identity.constants else {
        return format!("It is {name} in form, with numbers that no constants of {name} give.");
    };
    let changed = constants.iter().filter_map(|constant| {
        let own = short_number(constant.own?);
        let known = short_number(f64::from(constant.known));
        Some(format!("{} {own} ({name}: {known})", constant.name))
    });
    let changed: Vec<String> = changed.collect();
    if changed.is_empty() {
        format!("It is {name}, but for rounding.")
    } else {
        format!("It is {name} with other constants: {}.", changed.join(", "))
    }
}

fn costs(cost: &CostBeside) -> String {
    let own = cost.own.as_ref().map(|own| ("this program", own));
    let known = cost.known.iter().map(|row| (row.name.as_str(), &row.cost));
    let all: Vec<_> = own.into_iter().chain(known).collect();
    let unit = all.first().map_or("", |(_, cost)| &cost.unit);
    let header = vec![
        "cost".to_owned(),
        format!("FLOPs/{unit}"),
        format!("state/{unit}"),
        "instructions".to_owned(),
        "FLOPs a call".to_owned(),
    ];
    let rows = all.iter().map(|(name, cost)| {
        let call = match cost.call_flops_formula.as_str() {
            "" => cost.call_flops.to_string(),
            formula => formula.to_owned(),
        };
        vec![
            (*name).to_owned(),
            cost.unit_flops.to_string(),
            cost.state.to_string(),
            cost.instructions.to_string(),
            call,
        ]
    });
    let note = match cost.own {
        Some(_) => "",
        None => "\n\nThe program has no cost, as it cannot be trained with.",
    };
    format!("# What it costs\n\n{}{note}", text_table(header, rows))
}

fn parts(measured: &Measured) -> String {
    let seeds = counted(measured.seeds.len(), "seed");
    let fitness = &measured.fitness;
    let mut text = format!(
        "# Which parts matter\n\nIts fitness on {} is {:.3} in the median of {seeds}, with quartiles {:.3} and {:.3}.",
        measured.suite, fitness.median, fitness.lower_quartile, fitness.upper_quartile,
    );
    if let Some(tuned) = &measured.retuned
        && tuned.rate_factor != 1.0
    {
        text += &format!(
            "\nWith {} times the learning rate it changes by {:+.3}.",
            short_number(f64::from(tuned.rate_factor)),
            tuned.change.spread.median
        );
    }
    let mut effects: Vec<&PartEffect> = measured.parts.iter().collect();
    let median = |effect: &PartEffect| effect.telling().spread.median;
    effects.sort_by(|one, other| median(one).total_cmp(&median(other)));
    let has_rates = effects.iter().any(|effect| effect.retuned.is_some());
    let mut header = vec!["without", "change", "quartiles"];
    if has_rates {
        header.extend(["tuned again", "quartiles", "rate"]);
    }
    header.push("so it");
    let rows = effects.iter().map(|effect| {
        let mut row = vec![named(&effect.part)];
        row.extend(figures(&effect.change));
        if has_rates {
            match &effect.retuned {
                Some(retuned) => {
                    row.extend(figures(&retuned.change));
                    row.push(format!(
                        "x {}",
                        short_number(f64::from(retuned.rate_factor))
                    ));
                }
                None => row.extend(["-", "-", "-"].map(str::to_owned)),
            }
        }
        let so = match (effect.telling().direction(), &effect.rejection) {
            (_, Some(rejection)) => format!("is needed: else {rejection}"),
            (_, None) if effect.telling().is_negligible() => "hardly matters".to_owned(),
            (Direction::Worse, None) => "helps".to_owned(),
            (Direction::Better, None) => "harms".to_owned(),
            (Direction::Unclear, None) => "does not show".to_owned(),
        };
        row.push(so);
        row
    });
    let table = text_table(header.into_iter().map(str::to_owned).collect(), rows);
    text += &format!(
        "\n\n{table}\n\nChange: of the fitness, seed by seed, in the median. It helps or harms where 0 is outside the 95 % interval of the\n\
         mean."
    );
    if has_rates {
        text += " Tuned again: the same with the learning rate tuned for the program and for what is left of it.";
    }
    text
}

fn named(part: &Part) -> String {
    match part {
        Part::Instruction {
            function,
            number,
            text,
        } => format!("{function} {number}: {text}"),
        Part::State { cell } => format!("memory of {cell}"),
    }
}

fn figures(change: &Change) -> [String; 2] {
    let spread = &change.spread;
    [
        format!("{:+.3}", spread.median),
        format!(
            "{:+.3} {:+.3}",
            spread.lower_quartile, spread.upper_quartile
        ),
    ]
}

fn constants(measured: &Measured) -> Option<String> {
    if measured.constants.is_empty() {
        return None;
    }
    let mut text = "# How much its constants matter\n".to_owned();
    for sensitivity in measured.constants.iter().filter(|it| it.is_rate) {
        let header = vec![
            sensitivity.constant.as_str(),
            "fitness",
            "change",
            "quartiles",
        ];
        let own = (1.0, sensitivity.value, &measured.fitness, None);
        let points = sensitivity.points.iter();
        let points = points.map(|it| (it.factor, it.value, &it.fitness, Some(&it.change)));
        let mut rows: Vec<_> = points.chain([own]).collect();
        rows.sort_by(|one, other| one.0.total_cmp(&other.0));
        let rows = rows.into_iter().map(|(_, value, fitness, change)| {
            let mut row = vec![
                short_number(f64::from(value)),
                format!("{:.3}", fitness.median),
            ];
            match change {
                Some(change) => row.extend(figures(change)),
                None => row.extend(["as it is", ""].map(str::to_owned)),
            }
            row
        });
        let table = text_table(header.into_iter().map(str::to_owned).collect(), rows);
        text += &format!("\n{table}\n");
        text += &format!("\nIt {}.\n", said(sensitivity));
    }
    let others: Vec<_> = measured.constants.iter().filter(|it| !it.is_rate).collect();
    if !others.is_empty() {
        let header = ["constant", "value", "x 0.25", "x 0.5", "x 2", "x 4", "it"];
        let rows = others.iter().map(|sensitivity| {
            let name = match sensitivity.variation {
                Variation::Value => sensitivity.constant.clone(),
                Variation::DistanceFromOne => format!("1 - {}", sensitivity.constant),
            };
            let mut row = vec![name, short_number(f64::from(sensitivity.value))];
            for factor in [0.25, 0.5, 2.0, 4.0] {
                let point = sensitivity.points.iter().find(|it| it.factor == factor);
                let median = point.map(|it| format!("{:+.3}", it.change.spread.median));
                row.push(median.unwrap_or_else(|| "-".to_owned()));
            }
            row.push(said(sensitivity));
            row
        });
        let table = text_table(header.map(str::to_owned).to_vec(), rows);
        text += &format!(
            "\n{table}\n\nThe change of fitness, in the median, where a constant or, where 1 - stands before it, its distance from 1 is \
             multiplied.\n"
        );
    }
    Some(text.trim_end().to_owned())
}

/// What there is to say of a constant.
fn said(sensitivity: &Sensitivity) -> String {
    let words = match sensitivity.sharpness {
        Sharpness::Flat if sensitivity.points.is_empty() => "is 0, which has no multiples",
        Sharpness::Flat => "does not matter",
        Sharpness::Gentle => "matters little nearby",
        Sharpness::Sharp => "is sharp",
    };
    match sensitivity.better() {
        Some(point) => format!(
            "{words}; {} is better by {:.3}",
            short_number(f64::from(point.value)),
            point.change.mean.mean
        ),
        None => words.to_owned(),
    }
}

fn line(gains: &Gains) -> String {
    let fitness = gains.first_fitness;
    let fitness = fitness.map_or_else(String::new, |it| format!(", fitness {it:.4}"));
    let mut text = format!(
        "# Where it comes from\n\nIts line begins with candidate {}, a {}{fitness}. Of {} from there, {} made it fitter on the search's seeds:",
        gains.first_id,
        gains.first_made_by,
        counted(gains.steps, "step"),
        gains.gains.len(),
    );
    for gain in &gains.gains {
        let others: Vec<String> = gain.other_parents.iter().map(u64::to_string).collect();
        let with = match others.is_empty() {
            true => String::new(),
            false => format!(" with {}", others.join(", ")),
        };
        text += &format!(
            "\n\n{:+.4} to {:.4}: candidate {}, generation {}, {}{with}",
            gain.gain, gain.fitness, gain.id, gain.generation, gain.made_by
        );
        match &gain.changes {
            Some(changes) => {
                for change in changes {
                    let sign = if change.is_new { '+' } else { '-' };
                    text += &format!("\n  {sign} {}", change.line);
                }
                if gain.is_of_twin {
                    text += "\n  (of texts that are judged alike, as not all have their own)";
                }
            }
            None => text += "\n  (the log does not have both texts)",
        }
    }
    text
}
