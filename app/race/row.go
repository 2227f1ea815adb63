package main

import (
	"context"

	"github.com/opal-photo/opal/modules/imaging"
)

// row is one piece of work that OPAL and a peer do.
type row struct {
	name, work, peer string
	by               metric  // what is compared; the zero value: CPU
	reach            float64 // OPAL's divided by the peer's, at most
	ours, theirs     contender
	many, few        int // photos, calls or messages of a turn, and of a short one; 0: as --photos says
	rounds           int // at most; 0: as --rounds says
	needs            func(*track) (lacking string)
	bound            string // the share of the work that keeps a row beyond its reach, as profiles showed it
	// quality compares the results of the last turn; "" where there is nothing to say.
	quality func(*track) (string, error)
}

// contender prepares one turn.
type contender func(context.Context, *track) (command, error)

// command is a process that is run: its arguments with the program first.
type command struct {
	args, env []string
	dir       string
	takes     int // an exit code beside 0 that is no failure
}

const (
	jpegBound  = "OPAL's own work takes nine tenths of sharp's; the kernel takes a third, to clear memory and to copy the pixels of the decoder, which is a process of its own"
	checkBound = "each file is decoded again to check it, which takes half as long as encoding it, and the kernel takes a quarter, as above"
)

var rows = []row{
	{
		name: "jpeg-shared", work: "12 MP JPEG to 5 JPEG", peer: "sharp, one decode", reach: 1,
		ours: variants(large, imaging.JPEG), theirs: sharpVariants(large, imaging.JPEG, "shared"), quality: fileSizes(large), bound: jpegBound,
	},
	{
		name: "jpeg-each", work: "12 MP JPEG to 5 JPEG", peer: "sharp, a decode for each", reach: .6,
		ours: variants(large, imaging.JPEG), theirs: sharpVariants(large, imaging.JPEG, "each"), quality: fileSizes(large), bound: jpegBound,
	},
	{
		name: "webp", work: "2 MP JPEG to 5 WebP", peer: "sharp, one decode", reach: 1,
		ours: variants(medium, imaging.WebP), theirs: sharpVariants(medium, imaging.WebP, "shared"), quality: fileSizes(medium), bound: checkBound,
	},
	{
		name: "avif", work: "2 MP JPEG to 5 AVIF", peer: "sharp, one decode", reach: 1,
		ours: variants(medium, imaging.AVIF), theirs: sharpVariants(medium, imaging.AVIF, "shared"), quality: fileSizes(medium), bound: checkBound,
	},
	{
		name: "png", work: "RGBA 2048² to 5 PNG", peer: "sharp, one decode", reach: 1,
		ours: variants(clear, imaging.PNG), theirs: sharpVariants(clear, imaging.PNG, "shared"), quality: fileSizes(clear),
		bound: "OPAL's own work takes less than sharp's, though each file is decoded again and its product compared; the kernel takes a fifth, as above",
	},
	{
		name: "composite", work: "a product and its shadow on 2048²", peer: "sharp", reach: .5,
		ours: own("composite", clear), theirs: node("composite", clear),
	},
	{
		name: "upscale", work: "1024² to 2048²", peer: "sharp, Lanczos 3 (OPAL's adds back-projection)", reach: 1.5,
		ours: own("upscale", small), theirs: node("upscale", small),
	},
	{
		name: "cutout", work: "cut-out of 12 MP, classical engine", peer: "OpenCV's GrabCut at 800 px, seeded by a flood", reach: 1,
		ours: studioCutouts, theirs: grabCutouts, quality: overlap(large),
		bound: "the graph cuts of soft and faint outlines, which GrabCut at 800 px has not, take a third",
	},
	{
		name: "learned", work: "cut-out of 2 MP, ISNet", peer: "rembg with the same network, ten pictures a process", reach: 1, many: 10, few: 2,
		needs: lacksModel, ours: modelCutouts, theirs: rembgCutouts, quality: overlap(medium),
		bound: "the network looks again at what is small or in doubt, and gives its memory back after each look",
	},
	{
		name: "pipeline", work: "30 photos of 2 MP through the service: API, queues, scoring, variants, ZIP", peer: "the same steps without a service, one photo at a time",
		reach: 1.1, many: 30, few: 4, rounds: 1, ours: service, theirs: steps,
		bound: "of its CPU the scoring calls take 3 % and the database 2 %",
	},
	{
		name: "process", work: "60 photos of 2 MP, a scene and six presets each, by `opal process` with its own network",
		peer: "a worker in Python: rembg with ISNet, and Pillow", reach: .5, many: 60, few: 4, rounds: 1, needs: lacksModel, ours: processed, theirs: pythonWorker,
		bound: "the graph cut beside the network takes a sixth, the proofs of the files a ninth; the worker in Python does neither",
	},
	{
		name: "calls", work: "`POST /v1/jobs` of ten photos, on Postgres", peer: "the same rows inserted in one transaction by pgx", by: byMedian, reach: 3, many: 300, few: 50,
		ours: calls, theirs: bareInserts,
		bound: "each call goes through HTTP to another process",
	},
	{
		name: "queue", work: "messages sent, received and completed, embedded queue", peer: "goqite on the same disk, as durable", by: byRate, reach: 1, many: 2000, few: 200,
		needs: lacks("race-goqite"), ours: ownMessages, theirs: goqite,
		bound: "a second table holds the ids of ten minutes, so that a message that is sent twice arrives once",
	},
	{
		name: "backlog", work: "a backlog of 10,000 tiny photos, SQLite", peer: "OPAL at commit 9044857", by: byTime, reach: .62, many: 10_000, few: 300, rounds: 1,
		needs: lacks("race-before.test"), ours: backlog("race-now", ""), theirs: backlog("race-before", "race-before"),
		bound: "each photo has a decoder's process of its own",
	},
	{
		name: "memory", work: "two photos of 12 MP at the same time, 5 JPEG each", peer: "sharp doing the same", by: byMemory, reach: 1.5, many: 2,
		ours: own("two-"+string(imaging.JPEG)+"-"+string(large), large), theirs: sharpTwo,
		bound: "each decoder hands a whole photo over beside the copy that is worked on",
	},
}
