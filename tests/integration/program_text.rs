//! Program text: what is read, what is printed, and what is said about text that is no program.

use mlevolve::program::known::KNOWN;
use mlevolve::program::{
    Cell, LoadError, MAXIMUM_TEXT_BYTES, ParseErrorKind, Program, Role, Schema, known,
};
use mlevolve_ir::Shape;
use mlevolve_ir::ops::Op;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// A program with `declarations` and `body` beside what the schema requires.
fn text(declarations: &str, body: &str) -> String {
    format!(
        "program p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\n\
         constant learning_rate = 0.001\noutput delta tensor\n{declarations}\nupdate:\n{body}\n"
    )
}

fn message(text: &str) -> String {
    match Program::parse(text) {
        Ok(program) => panic!("this is a program:\n{program}"),
        Err(error) => error.to_string(),
    }
}

/// Text for one of three places in a program, and what is said about it.
///
/// Cases read `=== place`, the text, `---`, the message.
#[test]
fn messages_are_those_of_the_fixture() {
    let fixture = include_str!("../fixtures/parse_errors.txt");
    let mut cases = 0;
    for case in fixture.split("=== ").skip(1) {
        let (place, rest) = case.split_once('\n').unwrap();
        let (written, expected) = rest.split_once("\n---\n").unwrap();
        let text = match place {
            "head" => written.to_owned(),
            "declarations" => text(written, "delta = neg(g)"),
            "body" => text("state m tensor\nscratch s0 scalar", written),
            other => panic!("{other} is no place"),
        };
        assert_eq!(message(&text), expected.trim_end_matches('\n'), "{written}");
        cases += 1;
    }
    assert!(cases > 40);
}

/// Cases whose characters an editor would not show or keep.
#[test]
fn carets_point_right_after_odd_characters() {
    let head = [
        (
            "",
            "1:1: expected `program` and its name, found the end of the text\n\n^",
        ),
        (
            "# only notes\n\n",
            "1:1: expected `program` and its name, found the end of the text\n\n^",
        ),
        (
            "# a bell: \u{7}\nprogram p\nschema optimizer 1\ninput w tensor\ninput g tensor\ninput step scalar\nconstant learning_rate = 1\noutput delta tensor\nupdate:\n",
            "1:1: a note is one line of at most 240 bytes without control characters and without blanks at its end\n# a bell: �\n^",
        ),
    ];
    let body = [
        (
            "\tm = mul(g,\u{a0}mm)\t# caret after a tab and an odd blank",
            "11:13: there is no cell `mm`; did you mean `m`?\n m = mul(g,\u{a0}mm) # caret after a tab and an odd blank\n            ^",
        ),
        (
            "delta = neg(                                                                                                    gg)                                                            # far to the right",
            "11:113: there is no cell `gg`; did you mean `g`?\n…                                                 gg)                            …\n                                                  ^",
        ),
    ];
    for (text, expected) in head {
        assert_eq!(message(text), expected);
    }
    for (body, expected) in body {
        assert_eq!(
            message(&text("state m tensor\nscratch s0 scalar", body)),
            expected
        );
    }
}

#[test]
fn an_unknown_op_is_told_what_there_is() {
    let known = Op::all().map(|op| format!("`{op}`"));
    let known: Vec<String> = known.take(30).collect();
    let expected = format!(
        "9:9: there is no op `convolve`; the ops are {} and {} more\n\
         delta = convolve(g)\n        ^",
        known.join(", "),
        Op::all().count() - 30
    );
    assert_eq!(
        message(&text("", "delta = convolve(g)").replace("\n\n", "\n")),
        expected
    );
}

#[test]
fn sizes_are_bounded() {
    let cells: String = (0..60)
        .map(|index| format!("scratch s{index} scalar\n"))
        .collect();
    let long_name = "n".repeat(33);
    for (text, expected) in [
        (
            text(&cells, "delta = neg(g)"),
            "65 cells are more than the 64 that schema `optimizer` allows",
        ),
        (
            text("", &"delta = neg(g)\n".repeat(257)),
            "257 instructions in `update` are more than the 256 that are allowed",
        ),
        (
            "# note\n".repeat(65) + &text("", "delta = neg(g)"),
            "65 lines of notes are more than the 64 that are allowed",
        ),
        (
            format!("# {}\n{}", "n".repeat(241), text("", "delta = neg(g)")),
            "a note is one line of at most 240 bytes without control characters and without blanks at its end",
        ),
        (
            text(&format!("scratch {long_name} scalar"), "delta = neg(g)"),
            "`nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn` is no name: a name is 1 to 32 of a-z, 0-9 and _, and \
             does not begin with a digit",
        ),
        (
            " ".repeat(MAXIMUM_TEXT_BYTES + 1),
            "program text may be 131072 bytes long, not 131073",
        ),
    ] {
        let message = message(&text);
        let first_line = message.lines().next().unwrap();
        let (_, found) = first_line.split_once(": ").unwrap();
        assert_eq!(found, expected);
    }
    // Words of any length are cut in messages.
    let word = "y".repeat(60_000);
    assert!(message(&text("", &format!("delta = neg({word})"))).len() < 400);
}

#[test]
fn errors_tell_their_parts() {
    let error = Program::parse(&text("", "delta = neg(q)")).unwrap_err();
    assert_eq!(
        (error.line(), error.column(), error.source_line()),
        (10, 13, "delta = neg(q)")
    );
    assert!(matches!(error.kind(), ParseErrorKind::UnknownCell { found, .. } if found == "q"));
}

#[test]
fn free_form_text_has_one_printed_form() {
    let free = "\u{feff}\n#A title\r\n#\n#  indented\tby a tab  \n\nprogram  p # why\n\tschema optimizer 1\n\
        # not a note\ninput w tensor\noutput delta tensor\nconstant learning_rate=+1.0e-3\n\
        input g tensor\ninput step scalar#\n  update :\ndelta=mul( g,learning_rate )#\n\n";
    let printed = "# A title\n#\n#  indented by a tab\nprogram p\nschema optimizer 1\n\n\
        input w tensor\noutput delta tensor\nconstant learning_rate = 0.001\n\
        input g tensor\ninput step scalar\n\nupdate:\n  delta = mul(g, learning_rate)\n";
    let program = Program::parse(free).unwrap();
    assert_eq!(program.to_string(), printed);
    assert_eq!(Program::parse(printed).unwrap(), program);
}

/// Cells and an instruction with this op over the first shapes that it takes.
fn instruction_of(op: Op) -> (String, String) {
    let choices = (0..op.arity()).fold(vec![Vec::new()], |choices, _| {
        let longer = choices.iter().flat_map(|choice: &Vec<Shape>| {
            Shape::ALL.map(|shape| [choice.as_slice(), &[shape]].concat())
        });
        longer.collect()
    });
    let mut fitting = choices
        .into_iter()
        .filter_map(|shapes| Some((op.result_shape(&shapes).ok()?, shapes)));
    let (result, shapes) = fitting.next().unwrap();
    let operands: Vec<String> = (0..op.arity()).map(|index| format!("x{index}")).collect();
    let mut declarations: Vec<String> = operands
        .iter()
        .zip(shapes)
        .map(|(name, shape)| format!("state {name} {shape}"))
        .collect();
    declarations.push(format!("state y {result}"));
    let instruction = format!("y = {op}({})", operands.join(", "));
    (declarations.join("\n"), instruction)
}

#[test]
fn every_op_and_role_is_read_and_printed() {
    for op in Op::all() {
        let (declarations, instruction) = instruction_of(op);
        let text = text(&declarations, &format!("  {instruction}"));
        let program = Program::parse(&text).unwrap();
        assert_eq!(program.to_string().lines().last(), text.lines().last());
    }
    let program = known::find("adam").unwrap().program().unwrap();
    for role in Role::ALL {
        assert!(program.cells().iter().any(|cell| cell.role.same_kind(role)));
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let signs: Vec<char> = " \t\r\n#=(),:_-+.e019azw\u{feff}\u{a0}\u{2028}\u{7}é漢🦀"
        .chars()
        .collect();
    let mut read = 0;
    for round in 0..20_000 {
        let mut characters: Vec<char> = KNOWN[round % KNOWN.len()].text.chars().collect();
        for _ in 0..rng.random_range(1..6) {
            let place = rng.random_range(0..=characters.len());
            let end = rng.random_range(place..=characters.len().min(place + 12));
            let sign = signs[rng.random_range(0..signs.len())];
            match rng.random_range(0..5) {
                0 => characters.insert(place, sign),
                1 => drop(characters.drain(place..end)),
                2 => characters.truncate(place.max(1)),
                3 => characters
                    .splice(place..end, vec![sign; end - place])
                    .for_each(drop),
                _ => {
                    let copied = characters[place..end].to_vec();
                    characters.splice(place..place, copied).for_each(drop);
                }
            }
        }
        let text: String = characters.into_iter().collect();
        match Program::parse(&text) {
            Ok(program) => {
                read += 1;
                assert_eq!(Program::parse(&program.to_string()).as_ref(), Ok(&program));
            }
            Err(error) => assert!(error.to_string().lines().count() == 3, "{error}"),
        }
    }
    assert!(
        read > 500,
        "only {read} of the changed texts were still programs"
    );
}

#[test]
fn files_are_loaded_or_it_is_said_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.mle");
    let shown = path.display();
    let load = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        Program::load(&path)
    };
    let good = text("", "delta = neg(g)");
    assert_eq!(
        load(good.as_bytes()).unwrap(),
        Program::parse(&good).unwrap()
    );
    let rows: [(&[u8], String); 3] = [
        (
            b"program p\nprogram q\n",
            format!("{shown}:2:1: expected `schema`, found `program`\nprogram q\n^"),
        ),
        (
            b"program p\n\xff\n",
            format!("{shown}:2: program files are UTF-8 text, and this line is not"),
        ),
        (
            &[b' '; MAXIMUM_TEXT_BYTES + 1],
            format!("{shown}: a program file may have 131072 bytes, and this one has more"),
        ),
    ];
    for (content, expected) in rows {
        assert_eq!(load(content).unwrap_err().to_string(), expected);
    }
    let missing = folder.path().join("missing.mle");
    let error = Program::load(&missing).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }));
    let beginning = format!("cannot read program file {}: ", missing.display());
    assert!(error.to_string().starts_with(&beginning), "{error}");
}

#[test]
fn what_text_cannot_say_is_refused_too() {
    let sgd = known::find("sgd").unwrap().program().unwrap();
    let build = |cells: Vec<Cell>, bodies| {
        Program::new(Schema::Optimizer, "p", Vec::new(), cells, bodies)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        build(sgd.cells().to_vec(), Vec::new()),
        "schema `optimizer` has 1 function(s), not 0"
    );
    let constant = Role::Constant("1".parse().unwrap());
    let tensor = Cell {
        name: "c".into(),
        shape: Shape::Tensor,
        role: constant,
    };
    let cells = [sgd.cells(), &[tensor]].concat();
    assert_eq!(
        build(cells, sgd.bodies().to_vec()),
        "constant `c` must be a scalar"
    );
    let mut cells = sgd.cells().to_vec();
    cells.retain(|cell| cell.role != Role::Scratch);
    assert_eq!(
        build(cells, sgd.bodies().to_vec()),
        "instruction 2 of `update`: there is no cell 5 in a table of 5"
    );
}

#[test]
fn names_notes_and_constants_can_be_set() {
    let sgd = known::find("sgd").unwrap().program().unwrap();
    assert_eq!(sgd.with_name("mine").unwrap().name(), "mine");
    assert!(sgd.with_name("My own").is_err());
    assert_eq!(sgd.with_notes(vec!["a".to_owned()]).unwrap().notes(), ["a"]);
    assert!(sgd.with_notes(vec!["a\nb".to_owned()]).is_err());
    assert_eq!(
        sgd.with_constant("learning_rate", 0.5)
            .unwrap()
            .constant("learning_rate"),
        Some(0.5)
    );
    for (name, value, expected) in [
        ("momentum", 0.9, "program `sgd` has no constant `momentum`"),
        ("w", 0.9, "program `sgd` has no constant `w`"),
        (
            "learning_rate",
            f32::INFINITY,
            "constant `learning_rate` must be finite, not inf",
        ),
        (
            "learning_rate",
            0.0,
            "`learning_rate` must be greater than 0, not 0",
        ),
    ] {
        assert_eq!(
            sgd.with_constant(name, value).unwrap_err().to_string(),
            expected
        );
    }
}
