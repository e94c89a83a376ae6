//! From code for vectors of 128 bits to code for vectors of 256.
//!
//! Cranelift's vectors on x86-64 have 128 bits, processors with AVX2 have 256. What a loop over lanes does with
//! vectors it does to each lane for itself, and an instruction that does so has one bit, VEX.L, which says how many
//! lanes there are. So a loop is emitted for elements that lie as far apart as wide vectors need, compiled, and then
//! made wide:
//!
//! ```text
//!   entry:   room on the stack │ call ─┐ │ forget the upper halves │ return
//!            ┌─────────────────────────┘
//!   code:    each vector instruction with L; moves of the old encoding in the new one;
//!            vectors that are put aside for want of registers: in the entry's room, twice as far apart;
//!            loads of a byte, which stand for fetches: fetches;
//!            jumps to where their targets now are
//! ```
//!
//! Both kinds of code do the same arithmetic on a lane, so its bits do not depend on the kind. Where an instruction is
//! not known there is no wide code, and the narrow one does.

use super::machine_code::{Instruction, Kind, Operand, WIDE};

/// The most that code may reserve on the stack for there to be a wide form of it.
const MOST_STACK_BYTES: u32 = 1 << 14;

/// The entry makes room on the stack in steps of so many bytes, and writes to each, so that none reaches beyond the page
/// that guards a stack's end.
const ROOM_STEP: u32 = 2048;

/// Code begins at a multiple of so many bytes.
const CODE_ALIGNMENT: usize = 32;

/// How far above the stack pointer at the code's entry the entry's room begins: a return address is between.
const RETURN_ADDRESS_BYTES: u32 = 8;

/// Bytes of a register that is put on the stack.
const PUSHED_BYTES: u32 = 8;

/// The last byte of the opcode of instructions that fetch what is in memory into caches.
const FETCH: u8 = 0x18;

/// ModRM's bits `reg`, which are a part of that opcode, and what they are where all caches but the first are meant.
const REG: u8 = 0b111 << 3;
const INTO_SECOND_CACHE: u8 = 2 << 3;

/// Code on the way to its new place.
#[derive(Debug, Default)]
struct Moved {
    bytes: Vec<u8>,
    /// Where each instruction was, and where it is.
    places: Vec<(usize, usize)>,
    /// For each jump, where it ends now and where it went.
    jumps: Vec<(usize, usize)>,
}

/// The stack, as the instructions so far have left it.
#[derive(Clone, Copy, Debug, Default)]
struct Stack {
    pushed_bytes: u32,
    reserved_bytes: Option<u32>,
    /// Whether a vector lies there.
    is_used: bool,
}

/// Why there is no wide code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is an instruction that is not known, or not where it is expected.
    Unknown,
    /// The code puts more aside than the entry makes room for.
    Stack,
}

impl Refusal {
    /// The reason, as an error gives it.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Unknown => "an instruction of its code is not known with wide vectors",
            Self::Stack => {
                "its code puts more on the stack than there is room for with wide vectors"
            }
        }
    }
}

/// Code that does with 256 bits what this whole function does with 128, called in the same way.
///
/// # Errors
/// [`Refusal`] if there is none.
pub(super) fn widened(code: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut moved = Moved::default();
    let mut stack = Stack::default();
    let mut at = 0;
    while at < code.len() {
        let instruction = Instruction::decode(&code[at..]).ok_or(Refusal::Unknown)?;
        moved.places.push((at, moved.bytes.len()));
        at += instruction.bytes.len();
        let added = moved.add(&instruction, at, &mut stack);
        added.ok_or(Refusal::Unknown)?;
    }
    moved.mend_jumps().ok_or(Refusal::Unknown)?;
    let room = match stack.reserved_bytes {
        Some(reserved) if stack.is_used && reserved > MOST_STACK_BYTES => {
            return Err(Refusal::Stack);
        }
        Some(reserved) if stack.is_used => 2 * reserved,
        Some(_) | None => 0,
    };
    let mut all = entry(room);
    all.append(&mut moved.bytes);
    Ok(all)
}

impl Moved {
    /// Adds an instruction that ended at `end`.
    fn add(&mut self, instruction: &Instruction<'_>, end: usize, stack: &mut Stack) -> Option<()> {
        let bytes = instruction.bytes;
        match instruction.kind {
            Kind::Plain => self.bytes.extend(bytes),
            Kind::Push => {
                if stack.reserved_bytes.is_some() {
                    return None;
                }
                stack.pushed_bytes += PUSHED_BYTES;
                self.bytes.extend(bytes);
            }
            Kind::Reserve(reserved) => {
                if stack.reserved_bytes.is_some() {
                    return None;
                }
                stack.reserved_bytes = Some(reserved);
                self.bytes.extend(bytes);
            }
            Kind::Jump(by) => {
                self.bytes.extend(bytes);
                let target = end.checked_add_signed(by as isize)?;
                self.jumps.push((self.bytes.len(), target));
            }
            Kind::ByteLoad { opcode_at } => {
                let start = self.bytes.len();
                self.bytes.extend(bytes);
                self.bytes[start + opcode_at] = FETCH;
                let mode = &mut self.bytes[start + opcode_at + 1];
                *mode = *mode & !REG | INTO_SECOND_CACHE;
            }
            Kind::Vector {
                length_byte,
                operand,
            } => {
                let start = self.bytes.len();
                let Operand { at, length, .. } = operand;
                self.bytes.extend(&bytes[..at]);
                self.add_operand(bytes, operand, stack)?;
                self.bytes.extend(&bytes[at + length..]);
                self.bytes[start + length_byte] |= WIDE;
            }
            Kind::OldMove {
                operand,
                writes_reg,
                reg_is_upper,
                rm_is_upper,
            } => {
                // What VEX says of upper registers it says the other way round.
                let not_upper = |is_upper: bool| u8::from(!is_upper) << 7;
                let no_second_operand = 0b1111 << 3;
                if rm_is_upper {
                    let map_and_index = 0b0100_0001;
                    self.bytes
                        .extend([0xc4, not_upper(reg_is_upper) | map_and_index]);
                    self.bytes.push(no_second_operand | WIDE);
                } else {
                    let bits = not_upper(reg_is_upper) | no_second_operand | WIDE;
                    self.bytes.extend([0xc5, bits]);
                }
                // movaps between registers, else movups
                let opcode = if operand.is_register { 0x28 } else { 0x10 };
                self.bytes.push(opcode + u8::from(!writes_reg));
                self.add_operand(bytes, operand, stack)?;
            }
        }
        Some(())
    }

    /// Adds the part of an instruction that says which operand it takes. One on the stack lies in the entry's room from
    /// now on.
    fn add_operand(&mut self, bytes: &[u8], operand: Operand, stack: &mut Stack) -> Option<()> {
        let Operand { at, length, .. } = operand;
        let Some(displacement) = operand.on_stack else {
            self.bytes.extend(&bytes[at..at + length]);
            return Some(());
        };
        let reserved = stack.reserved_bytes?;
        let offset = u32::try_from(displacement).ok()?;
        if offset >= reserved {
            return None;
        }
        stack.is_used = true;
        let room = reserved + stack.pushed_bytes + RETURN_ADDRESS_BYTES;
        // A displacement of four bytes.
        let mode = bytes[at] & 0x3f | 0x80;
        self.bytes.extend([mode, bytes[at + 1]]);
        self.bytes.extend((room + 2 * offset).to_le_bytes());
        Some(())
    }

    /// Has jumps go where their targets are.
    fn mend_jumps(&mut self) -> Option<()> {
        for &(end, target) in &self.jumps {
            let places = &self.places;
            let place = places.binary_search_by_key(&target, |&(before, _)| before);
            let (_, target) = places[place.ok()?];
            let by = i32::try_from(target as isize - end as isize).ok()?;
            self.bytes[end - size_of::<i32>()..end].copy_from_slice(&by.to_le_bytes());
        }
        Some(())
    }
}

/// What calls the code, which follows, with so much room on the stack.
fn entry(room: u32) -> Vec<u8> {
    // push rbp; mov rbp, rsp
    let mut bytes = vec![0x55, 0x48, 0x89, 0xe5];
    for _ in 0..room.div_ceil(ROOM_STEP) {
        // sub rsp, step − 8; push rbp
        bytes.extend([0x48, 0x81, 0xec]);
        bytes.extend((ROOM_STEP - PUSHED_BYTES).to_le_bytes());
        bytes.push(0x55);
    }
    // and rsp, −64: no vector crosses the end of a cache line
    bytes.extend([0x48, 0x83, 0xe4, 0xc0]);
    // mov rsp, rbp; pop rbp
    // vzeroupper: what is left there would make instructions of the old encoding slow
    // ret
    let after_call = [0x48, 0x89, 0xec, 0x5d, 0xc5, 0xf8, 0x77, 0xc3];
    // call
    bytes.push(0xe8);
    let call_end = bytes.len() + size_of::<i32>();
    let length = (call_end + after_call.len()).next_multiple_of(CODE_ALIGNMENT);
    bytes.extend(((length - call_end) as u32).to_le_bytes());
    bytes.extend(after_call);
    // nop
    bytes.resize(length, 0x90);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `push rbp; mov rbp, rsp; sub rsp, 32`.
    const PROLOGUE: [u8; 8] = [0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20];

    /// What becomes of instructions. Bytes are those of the GNU assembler.
    fn check(before: &[&[u8]], after: &[&[u8]]) {
        let found = widened(&before.concat());
        let found = found.as_ref().map(|code| &code[CODE_ALIGNMENT..]);
        assert_eq!(found, Ok(&after.concat()[..]));
    }

    #[test]
    fn vector_instructions_work_on_twice_the_lanes() {
        for (before, wide) in [
            // vaddps xmm1, xmm2, [rdx + 0x10]
            (&[0xc5, 0xe8, 0x58, 0x4a, 0x10][..], 0xec),
            // vpblendvb xmm10, xmm12, [r11 + rdx · 8 − 0x60], xmm10: four bytes and two more
            (&[0xc4, 0x43, 0x19, 0x4c, 0x54, 0xd3, 0xa0, 0xa0], 0x1d),
            // vfmadd132ps xmm10, xmm2, [r11 + 0x80]
            (&[0xc4, 0x42, 0x69, 0x98, 0x93, 0x80, 0, 0, 0], 0x6d),
            // vcmpltps xmm10, xmm11, [rsp + rax + 0xb0]: not only the stack pointer
            (&[0xc5, 0x20, 0xc2, 0x94, 0x04, 0xb0, 0, 0, 0, 1], 0x24),
            // vroundps xmm4, xmm3, 8
            (&[0xc4, 0xe3, 0x79, 0x08, 0xe3, 0x08], 0x7d),
        ] {
            let mut after = before.to_vec();
            after[if before[0] == 0xc5 { 1 } else { 2 }] = wide;
            check(&[before], &[&after]);
        }
    }

    #[test]
    fn one_lane_stays_one() {
        // vmovd xmm3, eax
        let one = &[0xc5, 0xf9, 0x6e, 0xd8][..];
        check(&[one], &[one]);
    }

    #[test]
    fn loads_of_a_byte_become_fetches() {
        for (before, after) in [
            // movzx eax, byte ptr [rdi + 0x100]; prefetcht1 [rdi + 0x100]
            (
                &[0x0f, 0xb6, 0x87, 0, 1, 0, 0][..],
                &[0x0f, 0x18, 0x97, 0, 1, 0, 0][..],
            ),
            // movzx ebp, byte ptr [r8 + 0x10]; prefetcht1 [r8 + 0x10]
            (
                &[0x41, 0x0f, 0xb6, 0x68, 0x10],
                &[0x41, 0x0f, 0x18, 0x50, 0x10],
            ),
            // movzx r9, byte ptr [rdx]; prefetcht1 [rdx], with bits of REX that say nothing here
            (&[0x4c, 0x0f, 0xb6, 0x0a], &[0x4c, 0x0f, 0x18, 0x12]),
        ] {
            check(&[before], &[after]);
        }
    }

    #[test]
    fn moves_of_the_old_encoding_get_the_new_one() {
        for (before, after) in [
            // movdqa xmm11, xmm9
            (
                &[0x66, 0x45, 0x0f, 0x6f, 0xd9][..],
                &[0xc4, 0x41, 0x7c, 0x28, 0xd9][..],
            ),
            // movdqa xmm11, xmm1
            (&[0x66, 0x44, 0x0f, 0x6f, 0xd9], &[0xc5, 0x7c, 0x28, 0xd9]),
            // movaps xmm1, xmm8
            (&[0x41, 0x0f, 0x28, 0xc8], &[0xc4, 0xc1, 0x7c, 0x28, 0xc8]),
            // movaps xmm3, xmm1
            (&[0x0f, 0x28, 0xd9], &[0xc5, 0xfc, 0x28, 0xd9]),
        ] {
            check(&[before], &[after]);
        }
    }

    #[test]
    fn what_lies_on_the_stack_moves_to_the_entrys_room() {
        // Above 32 bytes that are reserved, a register and the return address.
        check(
            &[
                &PROLOGUE,
                // vmovups [rsp + 0x10], xmm9; vmovups xmm3, [rsp]; mov rax, [rsp + 8]
                &[0xc5, 0x78, 0x11, 0x4c, 0x24, 0x10],
                &[0xc5, 0xf8, 0x10, 0x1c, 0x24],
                &[0x48, 0x8b, 0x44, 0x24, 0x08],
                // movdqu [rsp + 0x10], xmm9; movdqu xmm1, [rsp + 0x10]
                &[0xf3, 0x44, 0x0f, 0x7f, 0x4c, 0x24, 0x10],
                &[0xf3, 0x0f, 0x6f, 0x4c, 0x24, 0x10],
            ],
            &[
                &PROLOGUE,
                // vmovups [rsp + 0x50], ymm9; vmovups ymm3, [rsp + 0x30]; mov rax, [rsp + 8]
                &[0xc5, 0x7c, 0x11, 0x8c, 0x24, 0x50, 0, 0, 0],
                &[0xc5, 0xfc, 0x10, 0x9c, 0x24, 0x30, 0, 0, 0],
                &[0x48, 0x8b, 0x44, 0x24, 0x08],
                // vmovups [rsp + 0x50], ymm9; vmovups ymm1, [rsp + 0x50]
                &[0xc5, 0x7c, 0x11, 0x8c, 0x24, 0x50, 0, 0, 0],
                &[0xc5, 0xfc, 0x10, 0x8c, 0x24, 0x50, 0, 0, 0],
            ],
        );
    }

    #[test]
    fn jumps_reach_what_has_moved() {
        // A loop over a move that becomes longer, and a jump beyond it.
        check(
            &[
                &[0xe9, 12, 0, 0, 0],
                &[0x0f, 0x28, 0xd9],
                &[0x0f, 0x28, 0xd9],
                &[0x0f, 0x85, 0xf4, 0xff, 0xff, 0xff],
                &[0xc3],
            ],
            &[
                &[0xe9, 14, 0, 0, 0],
                &[0xc5, 0xfc, 0x28, 0xd9],
                &[0xc5, 0xfc, 0x28, 0xd9],
                &[0x0f, 0x85, 0xf2, 0xff, 0xff, 0xff],
                &[0xc3],
            ],
        );
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        for code in [
            // vpermilps, which is not among those that there are; an instruction of 256 bits already
            &[0xc4, 0xe2, 0x69, 0x0c, 0xca][..],
            &[0xc5, 0xec, 0x58, 0x4a, 0x10],
            // EVEX
            &[0x62, 0xf1, 0x6c, 0x08, 0x58, 0x4a, 0x01],
            // vaddps xmm1, xmm2, [rip + 4]; vmovaps xmm1, [rdx]
            &[0xc5, 0xe8, 0x58, 0x0d, 4, 0, 0, 0],
            &[0xc5, 0xf8, 0x28, 0x0a],
            // addps, which leaves the upper half as it is
            &[0x0f, 0x58, 0xca],
            // movzx of a register; of what is on the stack
            &[0x0f, 0xb6, 0xc1],
            &[0x0f, 0xb6, 0x44, 0x24, 0x08],
            // a vector on the stack, where no room has been made; a jump to nowhere; half an instruction
            &[0xc5, 0xf8, 0x10, 0x1c, 0x24],
            &[0xe9, 12, 0, 0, 0],
            &[0xc5, 0xe8, 0x58],
        ] {
            assert_eq!(widened(code), Err(Refusal::Unknown), "{code:02x?}");
        }
    }

    #[test]
    fn there_is_only_so_much_room_on_the_stack() {
        for (reserved, is_refused) in [(MOST_STACK_BYTES, false), (MOST_STACK_BYTES + 16, true)] {
            let mut code = PROLOGUE[..4].to_vec();
            code.extend([0x48, 0x81, 0xec]);
            code.extend(reserved.to_le_bytes());
            // vmovups xmm3, [rsp]
            code.extend([0xc5, 0xf8, 0x10, 0x1c, 0x24]);
            assert_eq!(widened(&code) == Err(Refusal::Stack), is_refused);
        }
    }
}
