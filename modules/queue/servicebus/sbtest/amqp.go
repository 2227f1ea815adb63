package sbtest

// The AMQP 1.0 types of frame bodies. The sections of messages are encoded and
// decoded with go-amqp's public Message.

type sym string                          // AMQP symbol
type uuid [16]byte                       // AMQP uuid
type described struct{ code, value any } // code is uint64 or sym
type fields []any                        // list body of a composite

// Descriptors of frame bodies, delivery states and termini.
const (
	dOpen, dBegin, dAttach, dFlow, dTransfer            = 0x10, 0x11, 0x12, 0x13, 0x14
	dDisposition, dDetach, dEnd, dClose, dError         = 0x15, 0x16, 0x17, 0x18, 0x1d
	dReceived, dAccepted, dRejected, dReleased, dModify = 0x23, 0x24, 0x25, 0x26, 0x27
	dSource, dTarget                                    = 0x28, 0x29
	dSASLMech, dSASLInit, dSASLOutcome                  = 0x40, 0x41, 0x44
)

// comp makes a composite; trailing nulls are left out.
func comp(code uint64, f ...any) described {
	for len(f) > 0 && f[len(f)-1] == nil {
		f = f[:len(f)-1]
	}
	return described{code, fields(f)}
}

// at returns a field, or the zero value when it is missing or of another type.
func at[T any](f fields, i int) (v T) {
	if i < len(f) {
		v, _ = f[i].(T)
	}
	return
}
