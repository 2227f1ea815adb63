package imaging

import (
	"encoding/binary"
	"fmt"
	"io"
)

// How a Decoder and its child talk. The child has three files: requests come in
// on stdin, answers go out on stdout, and sharedFD is a file in memory whose
// first part holds the encoded picture and whose second, from pixelOffset on,
// receives the pixels. The parent only reads and writes that file and never
// maps it: a child that cuts it short causes a read error and not a bus error.

const (
	// childArgument is the hidden command that a binary serves with ServeChild.
	childArgument = "imaging-child"

	// childMarker is set in a child's environment. A process that has it starts
	// no children of its own, so that a binary that ignores childArgument can't
	// multiply without end.
	childMarker = "OPAL_IMAGING_CHILD"

	sharedFD = 3

	// hello is a child's first output: it is ready and speaks this protocol.
	hello = "opal-imaging-1\n"

	// pixelAlign is a multiple of every page size in use, as mapping asks.
	pixelAlign = 64 << 10

	maxAnswerText = errorText
)

// request asks a child to decode the picture in the shared file.
type request struct {
	Format        uint32
	Width, Height uint32 // as stored
	DataLength    uint64
	MemoryLimit   uint64 // bytes on top of what the child has mapped by now
	CPUSeconds    uint64
}

// The states of an answer.
const (
	answerAccepted uint32 = iota + 1 // the request was read; another answer follows
	answerDone                       // the pixels are there
	answerRefused                    // the picture is damaged; the text says how
	answerFailed                     // the child itself failed; the text says how
)

// answer is followed by TextLength bytes of text.
type answer struct {
	State, TextLength uint32
}

var wire = binary.LittleEndian

func sendAnswer(w io.Writer, state uint32, text string) error {
	text = text[:min(len(text), maxAnswerText)]
	b, err := binary.Append(nil, wire, answer{State: state, TextLength: uint32(len(text))})
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, text...))
	return err
}

func readAnswer(r io.Reader) (state uint32, text string, err error) {
	var a answer
	if err := binary.Read(r, wire, &a); err != nil {
		return 0, "", err
	}
	if a.TextLength > maxAnswerText {
		return 0, "", fmt.Errorf("an answer of %d bytes", a.TextLength)
	}
	b := make([]byte, a.TextLength)
	_, err = io.ReadFull(r, b)
	return a.State, string(b), err
}

// pixelOffset returns where pixels begin behind n bytes of data.
func pixelOffset(n int) int64 {
	return (int64(n) + pixelAlign - 1) / pixelAlign * pixelAlign
}
