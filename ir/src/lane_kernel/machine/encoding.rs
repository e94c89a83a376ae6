//! Vector instructions of x86-64 as bytes: of 512 bits by EVEX prefixes, of 256 by VEX prefixes (Intel's manual, volume 2, chapter 2).
//!
//! ```text
//! 512: 62 │ R X B R' 0 map │ W vvvv 1 prefix │ z L'L b V' mask │ opcode │ ModRM, displacement │ number
//! 256: C4 │ R X B map      │ W vvvv L prefix │                   opcode │ ModRM, displacement │ number
//! ```

#[cfg(test)]
mod tests;

use crate::lane_kernel::storage::Block;

/// How wide vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits256,
    Bits512,
}

impl Width {
    /// The widest of this machine that code can be made for.
    pub(super) fn of_this_machine() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Some(Self::Bits512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Some(Self::Bits256);
            }
        }
        None
    }

    /// How many lanes a vector has.
    pub(super) const fn lanes(self) -> usize {
        match self {
            Self::Bits256 => 8,
            Self::Bits512 => 16,
        }
    }

    /// How many vector registers there are.
    pub(super) const fn registers(self) -> u32 {
        match self {
            Self::Bits256 => 16,
            Self::Bits512 => 32,
        }
    }
}

/// What an instruction does: the map that its opcode is in, the prefix that is a part of it (1 stands for 66), and its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opcode {
    map: u8,
    prefix: u8,
    byte: u8,
}

impl Opcode {
    const fn new(map: u8, prefix: u8, byte: u8) -> Self {
        Self { map, prefix, byte }
    }

    pub(super) const LOAD: Self = Self::new(1, 0, 0x10);
    pub(super) const STORE: Self = Self::new(1, 0, 0x11);
    /// From register to register.
    pub(super) const MOVE: Self = Self::new(1, 0, 0x28);
    pub(super) const SQRT: Self = Self::new(1, 0, 0x51);
    pub(super) const AND: Self = Self::new(1, 0, 0x54);
    pub(super) const OR: Self = Self::new(1, 0, 0x56);
    pub(super) const XOR: Self = Self::new(1, 0, 0x57);
    pub(super) const ADD: Self = Self::new(1, 0, 0x58);
    pub(super) const MUL: Self = Self::new(1, 0, 0x59);
    /// From integers.
    pub(super) const CONVERT: Self = Self::new(1, 0, 0x5b);
    pub(super) const SUB: Self = Self::new(1, 0, 0x5c);
    /// The second operand where that is not greater, or one of them is NaN.
    pub(super) const MIN: Self = Self::new(1, 0, 0x5d);
    pub(super) const DIV: Self = Self::new(1, 0, 0x5e);
    /// The second operand where that is not less, or one of them is NaN.
    pub(super) const MAX: Self = Self::new(1, 0, 0x5f);
    /// A number says how. Of 512 bits the result is a mask.
    pub(super) const COMPARE: Self = Self::new(1, 0, 0xc2);
    /// A number says how far. The result is where the first operand is otherwise.
    pub(super) const SHIFT: Self = Self::new(1, 1, 0x72);
    pub(super) const INTEGER_SUB: Self = Self::new(1, 1, 0xfa);
    pub(super) const INTEGER_ADD: Self = Self::new(1, 1, 0xfe);
    /// The second operand where a mask is, else the first: of 512 bits.
    pub(super) const MASKED_BLEND: Self = Self::new(2, 1, 0x65);
    /// Adds the product of its operands to its result.
    pub(super) const MULTIPLY_ADD: Self = Self::new(2, 1, 0xb8);
    /// A number says how.
    pub(super) const ROUND: Self = Self::new(3, 1, 0x08);
    /// The second operand where the sign is set in the register that the number is four bits of, else the first: of 256 bits.
    pub(super) const BLEND: Self = Self::new(3, 1, 0x4a);
}

/// A general register that addresses begin with. None of those that would need a byte more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base(u8);

impl Base {
    /// Where the frame is.
    pub(super) const FRAME: Self = Self(RCX);
    /// Where constants are.
    pub(super) const CONSTANTS: Self = Self(RDX);
    /// Where streams are.
    pub(super) const STREAMS: [Self; 4] = [Self(9), Self(10), Self(11), Self(RAX)];

    /// The address of an element, where elements are as far apart as the widest vectors are wide.
    ///
    /// # Panics
    /// If it is too far away.
    pub(super) fn element(self, index: usize) -> Address {
        match i32::try_from(index * size_of::<Block>()) {
            Ok(displacement) => Address {
                base: self,
                displacement,
            },
            Err(_) => panic!("code over lanes has fewer than 2²⁵ elements"),
        }
    }
}

const RAX: u8 = 0;
const RCX: u8 = 1;
const RDX: u8 = 2;

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) base: Base,
    pub(super) displacement: i32,
}

/// Where an operand is: in a register or in memory. It is one number, as it is passed on so often that parts, which are written one by one
/// and read at once, would be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand(u64);

impl Operand {
    /// Whether it is in memory. Below is the displacement, above the number of a register.
    const IN_MEMORY: u64 = 1 << u32::BITS;
    const NUMBER: u32 = u32::BITS + 1;

    pub(super) const fn register(register: u8) -> Self {
        Self((register as u64) << Self::NUMBER)
    }

    pub(super) const fn memory(address: Address) -> Self {
        let Address { base, displacement } = address;
        let displacement = displacement.cast_unsigned() as u64;
        Self((base.0 as u64) << Self::NUMBER | Self::IN_MEMORY | displacement)
    }

    pub(super) const fn is_in_memory(self) -> bool {
        self.0 & Self::IN_MEMORY != 0
    }

    /// Its register, or that which its address begins with.
    const fn number(self) -> u8 {
        (self.0 >> Self::NUMBER) as u8
    }

    const fn displacement(self) -> i32 {
        (self.0 as u32).cast_signed()
    }

    /// The register that it is in, if it is in one.
    pub(super) fn in_register(self) -> Option<u8> {
        (!self.is_in_memory()).then(|| self.number())
    }
}

/// Machine code in the making. There is always room for one instruction more, so that adding one is a few moves.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    length: usize,
}

impl Bytes {
    /// More than any instruction has, and as many as are moved at a time.
    const ROOM: usize = 16;

    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; Self::ROOM],
            length: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) const fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The code from `start` on, to be changed.
    pub(super) fn from(&mut self, start: usize) -> &mut [u8] {
        &mut self.bytes[start..self.length]
    }

    /// Adds the first so many bytes of a head, of as many of a displacement, and a number. Each is moved as a whole: what is written
    /// byte by byte and read at once is waited for.
    #[inline(always)]
    fn push(
        &mut self,
        (head, head_length): (u64, usize),
        (displacement, displacement_length): (i32, usize),
        number: Option<u8>,
    ) {
        let end = self.length + head_length + displacement_length;
        let room = &mut self.bytes[self.length..][..Self::ROOM];
        room[..8].copy_from_slice(&head.to_le_bytes());
        room[head_length..][..4].copy_from_slice(&displacement.to_le_bytes());
        room[head_length + displacement_length] = number.unwrap_or(0);
        self.length = end + usize::from(number.is_some());
        if self.length + Self::ROOM > self.bytes.len() {
            self.bytes.resize(2 * self.bytes.len(), 0);
        }
    }

    /// Adds all of these.
    #[inline(always)]
    fn add<const LENGTH: usize>(&mut self, instruction: [u8; LENGTH]) {
        let mut all = [0; 8];
        all[..LENGTH].copy_from_slice(&instruction);
        self.push((u64::from_le_bytes(all), LENGTH), (0, 0), None);
    }
}

/// A vector instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    pub(super) opcode: Opcode,
    /// What is written, or what is stored.
    pub(super) register: u8,
    /// The first operand; 0 if there is one only.
    pub(super) first: u8,
    pub(super) second: Operand,
    /// The mask register, of 512 bits; 0 is none.
    pub(super) mask: u8,
    pub(super) number: Option<u8>,
}

/// A bit of a register's number that stands for itself the other way round, in its place.
const fn inverted(register: u8, bit: u32, place: u32) -> u8 {
    (!register >> bit & 1) << place
}

/// Adds a vector instruction.
#[inline(always)]
pub(super) fn encode(width: Width, vector: &Vector, bytes: &mut Bytes) {
    let Vector {
        opcode,
        register,
        first,
        second,
        mask,
        number,
    } = *vector;
    // A displacement of one byte counts vectors where these have 512 bits.
    let unit_bits = match width {
        Width::Bits512 => 6,
        Width::Bits256 => 0,
    };
    let operand = second.number();
    let (mode, displacement) = if second.is_in_memory() {
        let displacement = second.displacement();
        let short = displacement >> unit_bits;
        if short << unit_bits == displacement && i8::try_from(short).is_ok() {
            (0b01, (short, 1))
        } else {
            (0b10, (displacement, 4))
        }
    } else {
        (0b11, (0, 0))
    };
    // X is the operand's fifth bit if it is a register.
    let high = inverted(register, 3, 7) | inverted(operand, 4, 6) | inverted(operand, 3, 5);
    let first_bits = (!first & 15) << 3;
    let mode = mode << 6 | (register & 7) << 3 | operand & 7;
    let second_byte = first_bits | 1 << 2 | opcode.prefix;
    let head = match width {
        Width::Bits512 => {
            let first_byte = high | inverted(register, 4, 4) | opcode.map;
            let third_byte = 0b10 << 5 | inverted(first, 4, 3) | mask;
            let all = [
                0x62,
                first_byte,
                second_byte,
                third_byte,
                opcode.byte,
                mode,
                0,
                0,
            ];
            (u64::from_le_bytes(all), 6)
        }
        Width::Bits256 => {
            let all = [
                0xc4,
                high | opcode.map,
                second_byte,
                opcode.byte,
                mode,
                0,
                0,
                0,
            ];
            (u64::from_le_bytes(all), 5)
        }
    };
    bytes.push(head, displacement, number);
}

/// Adds an instruction that has all caches but the nearest fetch what is at an address.
pub(super) fn fetch(Address { base, displacement }: Address, bytes: &mut Bytes) {
    let [a, b, c, d] = displacement.to_le_bytes();
    // prefetcht1 [base + displacement]
    bytes.add([
        0x40 | base.0 >> 3,
        0x0f,
        0x18,
        0b10 << 6 | 2 << 3 | base.0 & 7,
        a,
        b,
        c,
        d,
    ]);
}

/// Has the vector instruction at the beginning of `code`, whose result is in a register, write to another.
pub(super) fn retarget(width: Width, code: &mut [u8], register: u8) {
    let bits = inverted(register, 3, 7);
    let mode = match width {
        Width::Bits512 => {
            code[1] = code[1] & !(1 << 7 | 1 << 4) | bits | inverted(register, 4, 4);
            5
        }
        Width::Bits256 => {
            code[1] = code[1] & !(1 << 7) | bits;
            4
        }
    };
    code[mode] = code[mode] & !(7 << 3) | (register & 7) << 3;
}

/// Instructions of a loop over steps, which begins with the addresses of streams at `rdi`, how far each moves on at `rsi`, constants at `rdx`,
/// the frame at `rcx` and the number of steps in `r8`.
pub(super) mod steps {
    use super::{Base, Bytes};

    /// The parts of an instruction that say which register it works on.
    const fn register(base: Base) -> (u8, u8) {
        (0x48 | base.0 >> 3 << 2, (base.0 & 7) << 3)
    }

    /// Adds the loads of so many streams' addresses.
    pub(in super::super) fn load_addresses(streams: usize, bytes: &mut Bytes) {
        for (&base, index) in Base::STREAMS.iter().zip(0..streams) {
            // mov base, [rdi + 8 · index]
            let (prefix, register) = register(base);
            bytes.add([prefix, 0x8b, 0x47 | register, 8 * index as u8]);
        }
    }

    /// Adds the end of a turn of the loop that began at `start`.
    pub(in super::super) fn repeat(streams: usize, start: usize, bytes: &mut Bytes) {
        for (&base, index) in Base::STREAMS.iter().zip(0..streams) {
            // add base, [rsi + 8 · index]
            let (prefix, register) = register(base);
            bytes.add([prefix, 0x03, 0x46 | register, 8 * index as u8]);
        }
        // dec r8
        bytes.add([0x49, 0xff, 0xc8]);
        // jnz
        let end = bytes.len() + 2 + size_of::<i32>();
        let [a, b, c, d] = (start as i32 - end as i32).to_le_bytes();
        bytes.add([0x0f, 0x85, a, b, c, d]);
    }

    /// Adds the return. What is in the upper parts of vectors would make instructions of the old encoding slow.
    pub(in super::super) fn leave(bytes: &mut Bytes) {
        // vzeroupper; ret
        bytes.add([0xc5, 0xf8, 0x77, 0xc3]);
    }
}
