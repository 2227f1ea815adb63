// Package azuritetest starts the Azurite emulator for tests: Azure Blob Storage
// on a loopback port.
package azuritetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The emulator's one account, as its documentation gives it.
const (
	Account = "devstoreaccount1"
	Key     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Server is a running emulator.
type Server struct {
	port   int
	dir    string
	secure bool
	cert   *x509.Certificate
	cmd    *exec.Cmd
	done   chan struct{}
}

// Options say how the emulator is started.
type Options struct {
	Dir string // where its data lives; "": a temporary folder of the test
	TLS bool   // HTTPS and OAuth, for managed identities
}

// New starts an emulator that ends with the test. Without node and the npm
// package the test is skipped, or fails when OPAL_REQUIRE_ALL is 1.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("not among the short tests: it starts Azurite")
	}
	main, err := program()
	if err == nil {
		_, err = exec.LookPath("node")
	}
	if err != nil {
		text := "Azurite is missing: install node and run npm ci in modules/blob/azureblob"
		if os.Getenv("OPAL_REQUIRE_ALL") == "1" {
			t.Fatal(text)
		}
		t.Skip(text)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s := &Server{dir: o.Dir, secure: o.TLS}
	if s.port, err = freePort(); err != nil {
		t.Fatal(err)
	}
	if o.TLS {
		if err := s.certify(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.start(main); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// program finds the emulator below the package azureblob.
func program() (string, error) {
	// tests run in their package's folder; the compiler may know no paths (-trimpath)
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("the test runs outside the repository")
		}
		dir = filepath.Dir(dir)
	}
	p := filepath.Join(dir, "modules", "blob", "azureblob", "node_modules", "azurite", "dist", "src", "blob", "main.js")
	_, err = os.Stat(p)
	return p, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// startPatience is how long Azurite may take to listen: on a busy machine Node
// alone takes more than a minute to load it.
const startPatience = 5 * time.Minute

// start starts the process and waits until it listens.
func (s *Server) start(main string) error {
	args := []string{main, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", strconv.Itoa(s.port), "--location", s.dir}
	if s.secure {
		args = append(args, "--oauth", "basic", "--cert", filepath.Join(s.dir, "cert.pem"), "--key", filepath.Join(s.dir, "key.pem"))
	}
	s.cmd, s.done = exec.Command("node", args...), make(chan struct{})
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(s.cmd, s.done)
	for deadline := time.Now().Add(startPatience); ; time.Sleep(50 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", s.Addr(), time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.done:
			return errors.New("azurite ended at once")
		default:
		}
		if time.Now().After(deadline) {
			s.Stop()
			return fmt.Errorf("azurite does not listen: %w", err)
		}
	}
}

// Stop ends the process; connections break immediately. The emulator may first
// write its data, which it keeps in memory, to the disk, as a real service would
// have done before. Stopping twice does nothing.
func (s *Server) Stop() {
	select {
	case <-s.done:
		return
	default:
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// Restart starts it again after Stop, on the same port and data.
func (s *Server) Restart() error {
	main, err := program()
	if err != nil {
		return err
	}
	return s.start(main)
}

// Addr is the address that it listens on.

func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// ConnectionString names the account by its key.
func (s *Server) ConnectionString() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=http://%s/%s;", Account, Key, s.Addr(), Account)
}

// Endpoint is the account's address in the form that has its name in the host,
// which user-delegation keys need. Client resolves it.
func (s *Server) Endpoint() string {
	return fmt.Sprintf("https://%s.blob.localhost:%d", Account, s.port)
}

// Client dials this emulator alone, and trusts its certificate.
func (s *Server) Client() *http.Client {
	t := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Addr())
	}}
	if s.secure {
		pool := x509.NewCertPool()
		pool.AddCert(s.cert)
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t}
}

// certify writes a certificate for this server alone.
func (s *Server) certify() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "azurite"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{Account + ".blob.localhost", "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if s.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	write := func(name, kind string, b []byte) error {
		return os.WriteFile(filepath.Join(s.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600)
	}
	return errors.Join(write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private))
}
