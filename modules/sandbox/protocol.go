package sandbox

import (
	"encoding/binary"
	"fmt"
	"io"
)

// How a Pool and its children talk. A child has three files: jobs come in on
// stdin, answers go out on stdout, and sharedFD is a file in memory whose first
// part holds a job's input and whose second, from outputOffset on, receives its
// output. The parent only reads and writes that file and never maps it: a child
// that cuts it short causes a read error and not a bus error.

const (
	// Argument is the hidden command that leads a binary to Serve. The child's
	// kind and its own arguments follow it.
	Argument = "child"

	// Marker is set in a child's environment. A process that has it starts no
	// children of its own, so that a binary that ignores Argument can't multiply
	// without end.
	Marker = "OPAL_CHILD"

	sharedFD = 3

	// hello is a child's first output: it is ready and speaks this protocol. The
	// kind and a line feed follow.
	hello = "opal-child-2 "

	// noHello is the first output of a child that could not be prepared. A PrepareError
	// follows it as JSON; it is the child's last output.
	noHello = "opal-child-2! "

	// outputAlign is a multiple of every page size in use, as mapping asks.
	outputAlign = 64 << 10

	maxParams = 64 << 10
	maxReply  = 64 << 10
	maxText   = 1024    // of a reason
	maxExcuse = 4 << 10 // of a PrepareError
)

// request asks for one job. ParamsLength bytes follow.
type request struct {
	InputLength, OutputLength uint64

	// The limits of the child's whole life; those of its first job count.
	Memory, CPUSeconds uint64

	ParamsLength uint64
}

// The states of an answer.
const (
	answerAccepted uint32 = iota + 1 // the request was read; another answer follows
	answerDone                       // the output is there; the worker's reply follows
	answerRefused                    // the input is bad; the reply says how
	answerFailed                     // the child itself failed; the reply says how
)

// answer is followed by a reply of Length bytes.
type answer struct {
	State, Length uint32
}

var wire = binary.LittleEndian

func sendRequest(w io.Writer, req request, params []byte) error {
	req.ParamsLength = uint64(len(params))
	b, err := binary.Append(nil, wire, req)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, params...))
	return err
}

func readRequest(r io.Reader) (req request, params []byte, err error) {
	if err := binary.Read(r, wire, &req); err != nil {
		return req, nil, err
	}
	if req.ParamsLength > maxParams {
		return req, nil, fmt.Errorf("%d bytes of parameters", req.ParamsLength)
	}
	params = make([]byte, req.ParamsLength)
	_, err = io.ReadFull(r, params)
	return req, params, err
}

func sendAnswer(w io.Writer, state uint32, reply []byte) error {
	b, err := binary.Append(nil, wire, answer{State: state, Length: uint32(len(reply))})
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, reply...))
	return err
}

func readAnswer(r io.Reader) (state uint32, reply []byte, err error) {
	var a answer
	if err := binary.Read(r, wire, &a); err != nil {
		return 0, nil, err
	}
	if a.Length > maxReply {
		return 0, nil, fmt.Errorf("a reply of %d bytes", a.Length)
	}
	reply = make([]byte, a.Length)
	_, err = io.ReadFull(r, reply)
	return a.State, reply, err
}

// outputOffset returns where the output begins behind n bytes of input.
func outputOffset(n int) int64 {
	return (int64(n) + outputAlign - 1) / outputAlign * outputAlign
}
