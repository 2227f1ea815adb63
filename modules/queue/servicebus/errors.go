package servicebus

import (
	"context"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"

	"github.com/opal-photo/opal/modules/queue"
)

// translate wraps an error of the library in the matching error of package
// queue.
func (q *Queue) translate(doing string, err error) error {
	if err == nil {
		return nil
	}
	var sentinel error = queue.ErrUnavailable
	var sb *azservicebus.Error
	var cond *amqp.Error
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, queue.ErrLockLost), errors.Is(err, queue.ErrTooLarge):
		return fmt.Errorf("%s queue %s: %w", doing, q.name, err)
	case errors.Is(err, azservicebus.ErrMessageTooLarge):
		sentinel = queue.ErrTooLarge
	case errors.As(err, &sb):
		switch sb.Code {
		case azservicebus.CodeLockLost:
			sentinel = queue.ErrLockLost
		case azservicebus.CodeUnauthorizedAccess:
			sentinel = queue.ErrUnauthorized
		case azservicebus.CodeNotFound:
			sentinel = queue.ErrNoQueue
		}
	case errors.As(err, &cond):
		switch cond.Condition {
		case amqp.ErrCondNotFound:
			sentinel = queue.ErrNoQueue
		case amqp.ErrCondUnauthorizedAccess:
			sentinel = queue.ErrUnauthorized
		}
	}
	return fmt.Errorf("%s queue %s: %w", doing, q.name, errors.Join(sentinel, err))
}

func lockLost(err error) bool {
	var sb *azservicebus.Error
	return errors.As(err, &sb) && sb.Code == azservicebus.CodeLockLost
}
