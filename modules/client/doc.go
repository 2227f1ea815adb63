// Package client holds the wire types of OPAL's HTTP API and a client for it. The
// API answers with these types, so that they can't drift apart. It imports nothing
// else of OPAL but the error kinds, and no HTTP framework: the struct tags (doc,
// example, enum, format, limits) are text, which the API's OpenAPI document is made
// of.
//
// Times are UTC, in RFC 3339. Credits are hundredths of a credit, money is in
// cents. A pointer is null where the value is unknown or does not exist yet.
//
//	c, err := client.New("https://opal.example", client.Options{Key: key})
//	made, err := c.CreateJob(ctx, client.NewJob{Items: []client.NewItem{{Filename: "mug.jpg"}}})
//	err = c.Upload(ctx, made.JobID, made.Items[0].ItemID, "mug.jpg", photo)
//	job, err := c.Wait(ctx, made.JobID, nil)
package client
