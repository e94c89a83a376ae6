//! Enough of x86-64's machine code to tell what an instruction of a loop over lanes works on.
//!
//! ```text
//! plain:    [REX] opcode             [ModRM [SIB] [displacement]] [immediate]
//! vector:   VEX (R X B map W vvvv L pp) opcode  ModRM [SIB] [displacement] [immediate]
//! ```
//!
//! Only instructions that are known to be among those that Cranelift makes of such loops are decoded; whoever asks
//! does without where there is another one. Encodings are those of Intel's Software Developer's Manual, volume 2.

/// What an instruction is, for those who move it and make its vectors wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Works on no vector, or on one lane; means the same wherever it is.
    Plain,
    /// Puts a register on the stack.
    Push,
    /// Makes so much room on the stack.
    Reserve(u32),
    /// Goes on so many bytes behind its end, which its last four bytes say.
    Jump(i32),
    /// Loads a byte into a register, from an address that is not the stack pointer's.
    ByteLoad {
        /// Where the last byte of the opcode is, before ModRM.
        opcode_at: usize,
    },
    /// An elementwise instruction on vectors of 128 bits, with VEX encoding.
    Vector {
        /// Where the byte is that has the bit L.
        length_byte: usize,
        operand: Operand,
    },
    /// A move between vector registers, or of one to the stack or from it, in the encoding that is older than VEX.
    OldMove {
        operand: Operand,
        /// Whether the register that ModRM has in `reg` is written, or the one in `rm`.
        writes_reg: bool,
        /// Whether the register in `reg` is one of the upper eight.
        reg_is_upper: bool,
        /// Whether the one in `rm` is.
        rm_is_upper: bool,
    },
}

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) kind: Kind,
}

/// What an instruction's ModRM byte says of the operand that can be in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand {
    /// Where the ModRM byte is, in the instruction.
    pub(super) at: usize,
    /// Bytes of ModRM, SIB and displacement.
    pub(super) length: usize,
    pub(super) is_register: bool,
    /// The displacement, if the address is that of the stack pointer and nothing else.
    pub(super) on_stack: Option<i32>,
}

/// The bits of a REX prefix, or of VEX where they are the other way round.
#[derive(Clone, Copy, Debug, Default)]
struct Extension {
    is_64_bits: bool,
    reg: bool,
    index: bool,
    base: bool,
}

/// Where the bit L is, in the last byte of a VEX prefix.
pub(super) const WIDE: u8 = 0b100;

/// ModRM's `rm` if a SIB byte follows, and SIB's `base` if the address is that of the stack pointer.
const RM_STACK: u8 = 0b100;

/// ModRM's `rm`, and SIB's `base`, if without displacement there is no register.
const RM_NONE: u8 = 0b101;

impl<'a> Instruction<'a> {
    /// The instruction that begins with `code`; none if it is not among those that are known.
    pub(super) fn decode(code: &'a [u8]) -> Option<Self> {
        match code.first()? {
            0xc4 | 0xc5 => Self::decode_vector(code),
            _ => Self::decode_plain(code),
        }
    }

    fn new(code: &'a [u8], length: usize, kind: Kind) -> Option<Self> {
        let bytes = code.get(..length)?;
        Some(Self { bytes, kind })
    }

    fn decode_plain(code: &'a [u8]) -> Option<Self> {
        let prefix = match *code.first()? {
            prefix @ (0x66 | 0xf3) => Some(prefix),
            _ => None,
        };
        let mut at = usize::from(prefix.is_some());
        let mut extension = Extension::default();
        if let prefix @ 0x40..=0x4f = *code.get(at)? {
            extension = Extension {
                is_64_bits: prefix & 8 != 0,
                reg: prefix & 4 != 0,
                index: prefix & 2 != 0,
                base: prefix & 1 != 0,
            };
            at += 1;
        }
        let opcode = *code.get(at)?;
        at += 1;
        if opcode == 0x0f {
            return Self::decode_two_bytes(code, at, prefix, extension);
        }
        if prefix.is_some() {
            return None;
        }
        match opcode {
            // push
            0x50..=0x57 => Self::new(code, at, Kind::Push),
            // pop, nop, ret
            0x58..=0x5f | 0x90 | 0xc3 => Self::new(code, at, Kind::Plain),
            // add, sub, xor, cmp, test, mov, lea
            0x01 | 0x03 | 0x29 | 0x2b | 0x31 | 0x33 | 0x39 | 0x3b | 0x85 | 0x89 | 0x8b | 0x8d => {
                let operand = Operand::decode(code, at, extension)?;
                Self::new(code, at + operand.length, Kind::Plain)
            }
            // add, sub, and, cmp and others with a number; mov of a number
            0x81 | 0x83 | 0xc7 => {
                let operand = Operand::decode(code, at, extension)?;
                let number = at + operand.length;
                let (length, value) = if opcode == 0x83 {
                    (number + 1, i32::from(code.get(number)?.cast_signed()))
                } else {
                    (number + 4, number_at(code, number)?)
                };
                // `sub rsp` has 5 in `reg`, and the register in `rm`.
                let is_reserve = opcode != 0xc7 && code[at] == 0xc0 | 5 << 3 | RM_STACK;
                let kind = if is_reserve && !extension.base && extension.is_64_bits {
                    Kind::Reserve(u32::try_from(value).ok()?)
                } else {
                    Kind::Plain
                };
                Self::new(code, length, kind)
            }
            // mov of a number to a register
            0xb8..=0xbf => {
                let number = if extension.is_64_bits { 8 } else { 4 };
                Self::new(code, at + number, Kind::Plain)
            }
            // jmp
            0xe9 => Self::new(code, at + 4, Kind::Jump(number_at(code, at)?)),
            _ => None,
        }
    }

    fn decode_two_bytes(
        code: &'a [u8],
        at: usize,
        prefix: Option<u8>,
        extension: Extension,
    ) -> Option<Self> {
        let opcode = *code.get(at)?;
        let at = at + 1;
        match (prefix, opcode) {
            // jumps on conditions
            (None, 0x80..=0x8f) => Self::new(code, at + 4, Kind::Jump(number_at(code, at)?)),
            // movzx of a byte
            (None, 0xb6) => {
                let operand = Operand::decode(code, at, extension)?;
                if operand.is_register || operand.on_stack.is_some() {
                    return None;
                }
                let kind = Kind::ByteLoad { opcode_at: at - 1 };
                Self::new(code, at + operand.length, kind)
            }
            // movaps, movdqa, movdqu
            (None, 0x28 | 0x29) | (Some(0x66 | 0xf3), 0x6f | 0x7f) => {
                let operand = Operand::decode(code, at, extension)?;
                let kind = Kind::OldMove {
                    operand,
                    writes_reg: matches!(opcode, 0x28 | 0x6f),
                    reg_is_upper: extension.reg,
                    rm_is_upper: extension.base,
                };
                if !operand.is_register && operand.on_stack.is_none() {
                    return None;
                }
                Self::new(code, at + operand.length, kind)
            }
            _ => None,
        }
    }

    fn decode_vector(code: &'a [u8]) -> Option<Self> {
        let (map, length_byte, extension) = if code[0] == 0xc5 {
            (1, 1, Extension::default())
        } else {
            let bits = *code.get(1)?;
            let extension = Extension {
                is_64_bits: code.get(2)? & 0x80 != 0,
                reg: bits & 0x80 == 0,
                index: bits & 0x40 == 0,
                base: bits & 0x20 == 0,
            };
            (bits & 0x1f, 2, extension)
        };
        let last = *code.get(length_byte)?;
        let opcode = *code.get(length_byte + 1)?;
        let operand = Operand::decode(code, length_byte + 2, extension)?;
        let form = VectorForm::of(map, last & 0b11, opcode, extension.is_64_bits)?;
        if last & WIDE != 0 || form.only_registers && !operand.is_register {
            return None;
        }
        let length = operand.at + operand.length + usize::from(form.has_number);
        let kind = match form.is_wide {
            true => Kind::Vector {
                length_byte,
                operand,
            },
            false => Kind::Plain,
        };
        Self::new(code, length, kind)
    }
}

/// What there is to know of a vector instruction by its opcode.
#[derive(Clone, Copy, Debug)]
struct VectorForm {
    /// Whether it does with more lanes what it does with four, to each for itself.
    is_wide: bool,
    /// Whether a byte follows its operands.
    has_number: bool,
    /// Whether it would mean something else, or ask for more, with an operand in memory.
    only_registers: bool,
}

impl VectorForm {
    /// That of an opcode in a map of opcodes, with one of the prefixes that VEX stands for: 1 is 66.
    fn of(map: u8, prefix: u8, opcode: u8, is_64_bits: bool) -> Option<Self> {
        let plain = Self {
            is_wide: true,
            has_number: false,
            only_registers: false,
        };
        let with_number = Self {
            has_number: true,
            ..plain
        };
        let only_registers = Self {
            only_registers: true,
            ..plain
        };
        let one_lane = Self {
            is_wide: false,
            ..only_registers
        };
        Some(match (map, prefix, opcode) {
            // movups
            (1, 0, 0x10 | 0x11) => plain,
            // movaps, which in memory would have to be aligned
            (1, 0, 0x28 | 0x29) => only_registers,
            // sqrt, and, and not, or, xor, add, mul, from integers, sub, min, div, max
            (1, 0, 0x51 | 0x54..=0x59 | 0x5b..=0x5f) => plain,
            // cmp
            (1, 0, 0xc2) => with_number,
            // and, and not, or, xor, as of doubles
            (1, 1, 0x54..=0x57) => plain,
            // to integers
            (1, 1 | 2, 0x5b) => plain,
            // greater than and equal, of integers
            (1, 1, 0x66 | 0x76) => plain,
            // a number to a lane, and zeros
            (1, 1, 0x6e) => one_lane,
            // movdqa
            (1, 1, 0x6f | 0x7f) => only_registers,
            // movdqu
            (1, 2, 0x6f | 0x7f) => plain,
            // shifts by a number
            (1, 1, 0x72) => with_number,
            // shifts by what is in a register's first lane
            (1, 1, 0xd2 | 0xe2 | 0xf2) => only_registers,
            // and, and not, or, xor, sub, add, of integers
            (1, 1, 0xdb | 0xdf | 0xeb | 0xef | 0xfa | 0xfe) => plain,
            // multiply-adds
            (2, 1, 0x98 | 0x9a | 0x9c | 0x9e) if !is_64_bits => plain,
            (2, 1, 0xa8 | 0xaa | 0xac | 0xae) if !is_64_bits => plain,
            (2, 1, 0xb8 | 0xba | 0xbc | 0xbe) if !is_64_bits => plain,
            // round
            (3, 1, 0x08) => with_number,
            // blends
            (3, 1, 0x4a..=0x4c) => with_number,
            _ => return None,
        })
    }
}

impl Operand {
    fn decode(code: &[u8], at: usize, extension: Extension) -> Option<Self> {
        let byte = *code.get(at)?;
        let (mode, rm) = (byte >> 6, byte & 7);
        if mode == 3 {
            return Some(Self {
                at,
                length: 1,
                is_register: true,
                on_stack: None,
            });
        }
        let has_index_byte = rm == RM_STACK;
        let mut base = rm;
        let mut has_index = false;
        if has_index_byte {
            let index_byte = *code.get(at + 1)?;
            base = index_byte & 7;
            has_index = index_byte >> 3 & 7 != RM_STACK || extension.index;
        }
        if mode == 0 && base == RM_NONE {
            // An address without a register, or relative to the instruction's own.
            return None;
        }
        let start = at + 1 + usize::from(has_index_byte);
        let (bytes, displacement) = match mode {
            0 => (0, 0),
            1 => (1, i32::from(code.get(start)?.cast_signed())),
            _ => (4, number_at(code, start)?),
        };
        let is_on_stack = has_index_byte && base == RM_STACK && !extension.base && !has_index;
        Some(Self {
            at,
            length: start + bytes - at,
            is_register: false,
            on_stack: is_on_stack.then_some(displacement),
        })
    }
}

/// The number that stands in these four bytes.
fn number_at(code: &[u8], at: usize) -> Option<i32> {
    let bytes = code.get(at..at + 4)?;
    Some(i32::from_le_bytes(bytes.try_into().ok()?))
}
