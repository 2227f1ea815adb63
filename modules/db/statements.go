package db

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
)

// mostStatements is how many a connection of SQLite keeps prepared, a few kilobytes each: an
// item's way through its states needs thirty.
const mostStatements = 96

// keeping is a Connector of SQLite's driver whose connections keep their statements prepared.
// The driver parses and plans a text anew each time that database/sql runs it, which took a
// fifth of a worker's time on small photos.
type keeping struct{ driver.Connector }

func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	lite, ok := c.(liteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver has connections of another kind, %T", c), c.Close())
	}
	return &keepingConn{liteConn: lite, kept: map[string]*list.Element{}, order: list.New()}, nil
}

// liteConn is what a connection of SQLite's driver is beside a driver.Conn.
type liteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type liteStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type liteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	ColumnTypeScanType(index int) reflect.Type
}

// keepingConn is one connection, used by one goroutine at a time. A statement that is at work
// is not among those kept, so that the same text may run within the rows of another.
type keepingConn struct {
	liteConn
	kept  map[string]*list.Element // of *keptStatement, by its text
	order *list.List               // that used last in front
}

type keptStatement struct {
	text string
	liteStatement
}

// statement returns a prepared one that is not at work.
func (c *keepingConn) statement(ctx context.Context, text string) (*keptStatement, error) {
	if e, ok := c.kept[text]; ok {
		delete(c.kept, text)
		return c.order.Remove(e).(*keptStatement), nil //nolint:forcetypeassert // no others are put there
	}
	s, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	lite, ok := s.(liteStatement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver has statements of another kind, %T", s), s.Close())
	}
	return &keptStatement{text, lite}, nil
}

// done takes back a statement whose work has ended with err. One that failed is not used again.
func (c *keepingConn) done(s *keptStatement, err error) error {
	if _, twice := c.kept[s.text]; twice || err != nil {
		return errors.Join(err, s.Close())
	}
	c.kept[s.text] = c.order.PushFront(s)
	if c.order.Len() <= mostStatements {
		return nil
	}
	oldest := c.order.Remove(c.order.Back()).(*keptStatement) //nolint:forcetypeassert // as above
	delete(c.kept, oldest.text)
	return oldest.Close()
}

func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.ExecContext(ctx, args)
	if err := c.done(s, err); err != nil {
		return nil, err
	}
	return r, nil
}

func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, c.done(s, err)
	}
	lite, ok := r.(liteRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("SQLite's driver has rows of another kind, %T", r), r.Close(), s.Close())
	}
	return &keptRows{lite, c, s}, nil
}

// Close also frees the statements, without which SQLite doesn't close the file.
func (c *keepingConn) Close() error {
	var all []error
	for e := c.order.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*keptStatement).Close()) //nolint:forcetypeassert // as above
	}
	c.kept, c.order = map[string]*list.Element{}, list.New()
	return errors.Join(append(all, c.liteConn.Close())...)
}

// keptRows are the answer of a statement that is at work until they are closed.
type keptRows struct {
	liteRows
	conn *keepingConn
	s    *keptStatement
}

func (r *keptRows) Close() error {
	err := r.liteRows.Close()
	if r.s == nil {
		return err
	}
	s := r.s
	r.s = nil
	return r.conn.done(s, err)
}
