BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0013');
CREATE TABLE "base_images" (
	id VARCHAR(63) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	keypoints JSON, 
	position INTEGER NOT NULL, 
	retired BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "base_images" VALUES('mia','Mia',256,256,'89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3','[[0.4423, 0.2863], [0.4601, 0.4549], [0.3876, 0.4858], [0.3312, 0.5613], [0.268, 0.6311], [0.5359, 0.4767], [0.5882, 0.555], [0.652, 0.6244], [0.431, 0.6721], [0.4191, 0.7709], [0.4127, 0.8738], [0.5157, 0.6668], [0.5565, 0.7577], [0.5394, 0.8593], [0.3895, 0.3073], [0.4869, 0.2966], [0.315, 0.3004], [0.5696, 0.2723]]',0,0);
INSERT INTO "base_images" VALUES('noah','Noah',256,256,'6d88a6eb497a2ecd4fc69b93aeef9ebf7f0bedecfa75718386c0832b63056bb9','[[0.5479, 0.2099], [0.5474, 0.4028], [0.4411, 0.4322], [0.3346, 0.4445], [0.2513, 0.5119], [0.6534, 0.4334], [0.7379, 0.4992], [0.6638, 0.5766], [0.4853, 0.6579], [0.4784, 0.7674], [0.4742, 0.881], [0.6066, 0.6586], [0.6193, 0.7676], [0.6242, 0.8811], [0.494, 0.2274], [0.6054, 0.2266], [0.4022, 0.211], [0.6936, 0.2088]]',1,0);
INSERT INTO "base_images" VALUES('ruby','Ruby',256,256,'9daeb01b592b526efb540de9a444c633a4626ba670bdf019d6fd2717d069e9b5','[[0.4399, 0.2198], [0.4449, 0.4092], [0.3482, 0.4489], [0.3404, 0.5538], [0.3135, 0.6556], [0.5476, 0.4281], [0.5922, 0.5234], [0.6435, 0.6153], [0.4121, 0.6471], [0.3818, 0.7513], [0.3608, 0.8616], [0.526, 0.6353], [0.5359, 0.7432], [0.536, 0.8556], [0.3818, 0.2256], [0.4892, 0.2467], [0.2995, 0.1922], [0.5803, 0.2475]]',2,0);
INSERT INTO "base_images" VALUES('kofi','Kofi',256,256,'8636d9ad68728d7a655f15e577adad40aef2fea6868d36d44b2d3e3b787a094b','[[0.54, 0.2149], [0.5351, 0.4052], [0.4571, 0.4396], [0.4177, 0.5378], [0.3875, 0.6391], [0.6167, 0.4299], [0.7168, 0.4643], [0.7633, 0.3693], [0.5041, 0.6489], [0.4922, 0.7581], [0.4922, 0.8718], [0.5954, 0.6434], [0.6091, 0.7523], [0.6136, 0.866], [0.496, 0.2225], [0.6034, 0.2462], [0.3996, 0.1839], [0.6805, 0.2458]]',3,0);
INSERT INTO "base_images" VALUES('rosa','Rosa',256,256,'a16c3b71f5f62ba26e7a9dbe91b5d5fc41beec975aa5509a741769b2f077b53e','[[0.4258, 0.2265], [0.4359, 0.4154], [0.3503, 0.4517], [0.2628, 0.5099], [0.1755, 0.5685], [0.5262, 0.4378], [0.5966, 0.5158], [0.664, 0.5964], [0.4042, 0.6538], [0.396, 0.7751], [0.399, 0.901], [0.5047, 0.6458], [0.5437, 0.761], [0.5482, 0.8869], [0.3599, 0.2391], [0.469, 0.2461], [0.2832, 0.2174], [0.5684, 0.2356]]',4,0);
INSERT INTO "base_images" VALUES('ada','Ada',256,256,'fd46e5537849b1a6087b09d422c9f3976041d630761a51bc7d214469462f379f','[[0.4469, 0.2531], [0.4709, 0.4285], [0.3872, 0.4605], [0.3263, 0.5377], [0.256, 0.6064], [0.5575, 0.4515], [0.5897, 0.5444], [0.6342, 0.6321], [0.4344, 0.6605], [0.4268, 0.7704], [0.4258, 0.8845], [0.5317, 0.6554], [0.5397, 0.7653], [0.5385, 0.8794], [0.385, 0.2823], [0.4851, 0.2611], [0.3161, 0.2807], [0.5778, 0.2255]]',5,0);
CREATE TABLE clients (
	name VARCHAR(63) NOT NULL, 
	key_sha256 VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (name), 
	UNIQUE (key_sha256)
);
INSERT INTO "clients" VALUES('app','b7fbb8d64f0a9ac4b467cbd99ed88ea47bede10ee92ad2d153ac0d3874bc06ed','{"name":"app","channel":"live","per_minute":30,"in_flight":5,"per_day":500,"scopes":["draw","watch"]}','2026-11-27 16:11:43.605402');
INSERT INTO "clients" VALUES('kids','edfc96f62261660796cb917a961d7e3ca7ab93ff2a6a8fbe1d5a77423c2f88f2','{"name":"kids","channel":"strict","per_minute":60,"in_flight":10,"per_day":null,"scopes":["draw"]}','2026-11-27 16:11:43.649730');
CREATE TABLE contests (
	id INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	author VARCHAR(80) NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "contests" VALUES(1,'{"title":"soft or bold","entrants":[{"slug":"spring","number":1,"letter":null},{"slug":"spring","number":2,"letter":null}],"doodles":["star-dress","striped-set","dotted-skirt","sporty","green-gown"],"seeds":[1,2]}','ada','2026-11-27 16:11:46.510142');
CREATE TABLE deployments (
	id INTEGER NOT NULL, 
	channel VARCHAR(63) NOT NULL, 
	slug VARCHAR(63) NOT NULL, 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "deployments" VALUES(1,'live','spring','{"channel":"live","slug":"spring","number":2,"trial":null,"trial_share":0,"starts":"2025-03-01T00:00:00Z","ends":null,"author":"ada","note":"season opens","forced":true,"fallback":true}','2026-11-27 16:11:42.123651');
INSERT INTO "deployments" VALUES(2,'canary','spring','{"channel":"canary","slug":"spring","number":2,"trial":1,"trial_share":20,"starts":null,"ends":null,"author":"bo","note":"","forced":false,"fallback":false}','2026-11-27 16:11:42.148521');
INSERT INTO "deployments" VALUES(3,'strict','spring','{"channel":"strict","slug":"spring","number":3,"trial":null,"trial_share":0,"starts":null,"ends":null,"author":"bo","note":"","forced":true,"fallback":false}','2026-11-27 16:11:42.166589');
CREATE TABLE jobs (
	id INTEGER NOT NULL, 
	request_id VARCHAR(32) NOT NULL, 
	letter VARCHAR(1) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	expires DATETIME NOT NULL, heard DATETIME DEFAULT '1970-01-01 00:00:00' NOT NULL, model VARCHAR(200) DEFAULT '' NOT NULL, turn INTEGER DEFAULT '0' NOT NULL, cleared BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (request_id, letter), 
	FOREIGN KEY(request_id) REFERENCES requests (id)
);
INSERT INTO "jobs" VALUES(1,'23a5dbfa5204dca85c110ae0c4338d47','A','done',1,'','2026-11-27 16:16:46.104006','2026-11-27 16:11:46.185555','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(2,'23a5dbfa5204dca85c110ae0c4338d47','B','done',1,'','2026-11-27 16:16:46.104006','2026-11-27 16:11:46.236618','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(3,'23a5dbfa5204dca85c110ae0c4338d47','C','done',1,'','2026-11-27 16:16:46.104006','2026-11-27 16:11:46.261486','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(4,'23a5dbfa5204dca85c110ae0c4338d47','D','done',1,'','2026-11-27 16:16:46.104006','2026-11-27 16:11:46.285791','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(5,'8c97213e986f10b66560036fb6dc8a74','A','withheld',1,'nsfw 0.30 is over 0.20','2026-11-27 16:16:46.347955','2026-11-27 16:11:46.357097','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(6,'8c97213e986f10b66560036fb6dc8a74','B','withheld',1,'nsfw 0.30 is over 0.20','2026-11-27 16:16:46.347955','2026-11-27 16:11:46.383093','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(7,'8c97213e986f10b66560036fb6dc8a74','C','withheld',1,'nsfw 0.30 is over 0.20','2026-11-27 16:16:46.347955','2026-11-27 16:11:46.402415','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(8,'8c97213e986f10b66560036fb6dc8a74','D','withheld',1,'nsfw 0.30 is over 0.20','2026-11-27 16:16:46.347955','2026-11-27 16:11:46.422490','pocket-ink',0,0);
INSERT INTO "jobs" VALUES(9,'55555555555555555555555555555555','A','running',1,'','2099-01-01 00:00:00.000000','2026-11-27 16:11:46.496634','pocket-ink',1,0);
INSERT INTO "jobs" VALUES(10,'55555555555555555555555555555555','B','queued',0,'','2099-01-01 00:00:00.000000','2026-11-27 16:11:46.492602','pocket-ink',1,0);
INSERT INTO "jobs" VALUES(11,'55555555555555555555555555555555','C','queued',0,'','2099-01-01 00:00:00.000000','2026-11-27 16:11:46.492604','pocket-ink',1,0);
INSERT INTO "jobs" VALUES(12,'55555555555555555555555555555555','D','queued',0,'','2099-01-01 00:00:00.000000','2026-11-27 16:11:46.492605','pocket-ink',1,0);
CREATE TABLE judgements (
	id INTEGER NOT NULL, 
	created DATETIME NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	request_id VARCHAR(32) NOT NULL, 
	stage VARCHAR(10) NOT NULL, 
	verdict VARCHAR(10) NOT NULL, 
	theme VARCHAR(63) NOT NULL, 
	document TEXT NOT NULL, 
	review TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO "judgements" VALUES(1,'2026-11-27 16:11:46.367964','kids','8c97213e986f10b66560036fb6dc8a74','picture','withheld','spring','{"stage":"picture","verdict":"withheld","client":"kids","request_id":"8c97213e986f10b66560036fb6dc8a74","theme":"spring","version":3,"letter":"A","score":0.3,"reason":"nsfw 0.30 is over 0.20","said":"","picture_sha256":"62e650c8fec4c65e60d0059c960053e278f320731abcf9e39bd11d32af53151c","created":"2026-11-27T16:11:46.367964Z"}','{"reviewer":"ada","wrong":true,"note":"a statue"}');
INSERT INTO "judgements" VALUES(2,'2026-11-27 16:11:46.393586','kids','8c97213e986f10b66560036fb6dc8a74','picture','withheld','spring','{"stage":"picture","verdict":"withheld","client":"kids","request_id":"8c97213e986f10b66560036fb6dc8a74","theme":"spring","version":3,"letter":"B","score":0.3,"reason":"nsfw 0.30 is over 0.20","said":"","picture_sha256":"62e650c8fec4c65e60d0059c960053e278f320731abcf9e39bd11d32af53151c","created":"2026-11-27T16:11:46.393586Z"}',NULL);
INSERT INTO "judgements" VALUES(3,'2026-11-27 16:11:46.415541','kids','8c97213e986f10b66560036fb6dc8a74','picture','withheld','spring','{"stage":"picture","verdict":"withheld","client":"kids","request_id":"8c97213e986f10b66560036fb6dc8a74","theme":"spring","version":3,"letter":"C","score":0.3,"reason":"nsfw 0.30 is over 0.20","said":"","picture_sha256":"62e650c8fec4c65e60d0059c960053e278f320731abcf9e39bd11d32af53151c","created":"2026-11-27T16:11:46.415541Z"}',NULL);
INSERT INTO "judgements" VALUES(4,'2026-11-27 16:11:46.434715','kids','8c97213e986f10b66560036fb6dc8a74','picture','withheld','spring','{"stage":"picture","verdict":"withheld","client":"kids","request_id":"8c97213e986f10b66560036fb6dc8a74","theme":"spring","version":3,"letter":"D","score":0.3,"reason":"nsfw 0.30 is over 0.20","said":"","picture_sha256":"62e650c8fec4c65e60d0059c960053e278f320731abcf9e39bd11d32af53151c","created":"2026-11-27T16:11:46.434715Z"}',NULL);
INSERT INTO "judgements" VALUES(5,'2026-11-27 16:11:46.455720','app','b0dfeb97b79a654114afb3e9db79f0c1','words','block','spring','{"stage":"words","verdict":"block","client":"app","request_id":"b0dfeb97b79a654114afb3e9db79f0c1","theme":"spring","version":2,"letter":"","score":null,"reason":"naked","said":"a naked man","picture_sha256":null,"created":"2026-11-27T16:11:46.455720Z"}',NULL);
CREATE TABLE preset_versions (
	id INTEGER NOT NULL, 
	preset_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	author VARCHAR(80) NOT NULL, 
	note TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (preset_id, number), 
	FOREIGN KEY(preset_id) REFERENCES presets (id)
);
INSERT INTO "preset_versions" VALUES(6,6,1,'{
  "schema": "doodle-theme-studio/preset",
  "version": 2,
  "slug": "first-light",
  "name": "First light",
  "description": "The house style: A and B in clean ink, C and D in watercolour. A and C keep close to the doodle, B and D redraw it more freely.",
  "prompt": "",
  "base_images": [
    "mia",
    "noah",
    "ruby",
    "kofi",
    "rosa",
    "ada"
  ],
  "safety": {
    "words": true,
    "pictures": true,
    "doodles": true,
    "threshold": 0.8,
    "margin": 0.0,
    "refill": false,
    "uploads": false,
    "moderation": "off",
    "negative_prompt": "",
    "keep_words": true
  },
  "recipes": {
    "A": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": "6272e1728661c2ed036c596b8aa8268948f83d74bc95579407dfb4f12cb3d8ac"
      },
      "vae": null,
      "sampler": "DPM++ 2M",
      "schedule_type": "Automatic",
      "steps": 14,
      "guidance_scale": 1.5,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.56,
      "width": 256,
      "height": 256,
      "prompt_template": "an avatar wearing {prompt}, clean ink drawing",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": "29079e335fe71bc1386854ee752cd32971567dadcec50b1af399f068f5b43b06"
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-pose",
            "sha256": "afb6fe916da84ec9294104d2c67749254ee7fd88c2869fb9b88ecb4645c025c9"
          },
          "preprocessor": "pose",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.3,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "B": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": "6272e1728661c2ed036c596b8aa8268948f83d74bc95579407dfb4f12cb3d8ac"
      },
      "vae": null,
      "sampler": "DPM++ 2M",
      "schedule_type": "Automatic",
      "steps": 14,
      "guidance_scale": 2.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.72,
      "width": 256,
      "height": 256,
      "prompt_template": "an avatar wearing {prompt}, clean ink drawing",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": "29079e335fe71bc1386854ee752cd32971567dadcec50b1af399f068f5b43b06"
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 0.8,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-pose",
            "sha256": "afb6fe916da84ec9294104d2c67749254ee7fd88c2869fb9b88ecb4645c025c9"
          },
          "preprocessor": "pose",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.3,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "offset",
        "value": 1
      }
    },
    "C": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-water",
        "sha256": "103c8298a642b173ba37c9dbfa758b740b5015f91e487202a83eae5f571eaa09"
      },
      "vae": null,
      "sampler": "DPM++ 2M",
      "schedule_type": "Automatic",
      "steps": 14,
      "guidance_scale": 2.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.56,
      "width": 256,
      "height": 256,
      "prompt_template": "an avatar wearing {prompt}, soft watercolour",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": "29079e335fe71bc1386854ee752cd32971567dadcec50b1af399f068f5b43b06"
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-pose",
            "sha256": "afb6fe916da84ec9294104d2c67749254ee7fd88c2869fb9b88ecb4645c025c9"
          },
          "preprocessor": "pose",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.3,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "offset",
        "value": 2
      }
    },
    "D": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-water",
        "sha256": "103c8298a642b173ba37c9dbfa758b740b5015f91e487202a83eae5f571eaa09"
      },
      "vae": null,
      "sampler": "DPM++ 2M",
      "schedule_type": "Automatic",
      "steps": 14,
      "guidance_scale": 2.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.7,
      "width": 256,
      "height": 256,
      "prompt_template": "an avatar wearing {prompt}, soft watercolour",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-lineart",
            "sha256": "f158100bbb206af8624d596cd36a2aeeee186b3e1625e614ddafb36146cf82cd"
          },
          "preprocessor": "lineart",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-pose",
            "sha256": "afb6fe916da84ec9294104d2c67749254ee7fd88c2869fb9b88ecb4645c025c9"
          },
          "preprocessor": "pose",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.4,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "offset",
        "value": 3
      }
    }
  }
}','studio','shipped','2026-11-27 16:11:41.793195');
INSERT INTO "preset_versions" VALUES(7,7,1,'{
  "schema": "doodle-theme-studio/preset",
  "version": 2,
  "slug": "spring",
  "name": "Spring",
  "description": "The first one",
  "prompt": "soft colours",
  "base_images": [
    "mia"
  ],
  "safety": {
    "words": true,
    "pictures": true,
    "doodles": true,
    "threshold": 0.5,
    "margin": 0.05,
    "refill": false,
    "uploads": false,
    "moderation": "off",
    "negative_prompt": "text",
    "keep_words": true
  },
  "recipes": {
    "A": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 0.8,
      "clip_skip": 2,
      "deep_cache": 2,
      "strength": 0.6,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "B": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 0.7,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "canny",
          "source": "picture",
          "picture": "3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2",
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "C": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": true,
        "upscaler": "Latent",
        "factor": 1.5,
        "steps": 0,
        "strength": 0.45
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "D": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": true,
        "strength": 0.3,
        "padding": 32,
        "blur": 6,
        "size": 256
      },
      "seed_rule": {
        "kind": "offset",
        "value": 3
      }
    }
  }
}','ada','first','2026-11-27 16:11:42.043791');
INSERT INTO "preset_versions" VALUES(8,7,2,'{
  "schema": "doodle-theme-studio/preset",
  "version": 2,
  "slug": "spring",
  "name": "Spring",
  "description": "The first one",
  "prompt": "bold colours",
  "base_images": [
    "mia"
  ],
  "safety": {
    "words": true,
    "pictures": true,
    "doodles": true,
    "threshold": 0.5,
    "margin": 0.05,
    "refill": false,
    "uploads": false,
    "moderation": "off",
    "negative_prompt": "text",
    "keep_words": true
  },
  "recipes": {
    "A": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 0.8,
      "clip_skip": 2,
      "deep_cache": 2,
      "strength": 0.6,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "B": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 0.7,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "canny",
          "source": "picture",
          "picture": "3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2",
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "C": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": true,
        "upscaler": "Latent",
        "factor": 1.5,
        "steps": 0,
        "strength": 0.45
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "D": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": true,
        "strength": 0.3,
        "padding": 32,
        "blur": 6,
        "size": 256
      },
      "seed_rule": {
        "kind": "offset",
        "value": 3
      }
    }
  }
}','bo','bolder','2026-11-27 16:11:42.061959');
INSERT INTO "preset_versions" VALUES(9,7,3,'{
  "schema": "doodle-theme-studio/preset",
  "version": 2,
  "slug": "spring",
  "name": "Spring",
  "description": "The first one",
  "prompt": "bold colours",
  "base_images": [
    "mia"
  ],
  "safety": {
    "words": true,
    "pictures": true,
    "doodles": false,
    "threshold": 0.2,
    "margin": 0.05,
    "refill": false,
    "uploads": false,
    "moderation": "off",
    "negative_prompt": "text",
    "keep_words": true
  },
  "recipes": {
    "A": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 0.8,
      "clip_skip": 2,
      "deep_cache": 2,
      "strength": 0.6,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "B": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "scribble",
          "source": "doodle",
          "picture": null,
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 0.7,
          "start": 0.0,
          "end": 1.0
        },
        {
          "model": {
            "name": "pocket-scribble",
            "sha256": null
          },
          "preprocessor": "canny",
          "source": "picture",
          "picture": "3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2",
          "resize_mode": "Just Resize",
          "mode": "Balanced",
          "weight": 1.0,
          "start": 0.0,
          "end": 1.0
        }
      ],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "C": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": true,
        "upscaler": "Latent",
        "factor": 1.5,
        "steps": 0,
        "strength": 0.45
      },
      "face_repair": {
        "enabled": false,
        "strength": 0.4,
        "padding": 32,
        "blur": 4,
        "size": 512
      },
      "seed_rule": {
        "kind": "shared",
        "value": 0
      }
    },
    "D": {
      "schema": "doodle-theme-studio/recipe",
      "version": 1,
      "base_model": {
        "name": "pocket-ink",
        "sha256": null
      },
      "vae": null,
      "sampler": "Euler",
      "schedule_type": "Automatic",
      "steps": 4,
      "guidance_scale": 7.0,
      "guidance_end": 1.0,
      "clip_skip": 1,
      "deep_cache": 1,
      "strength": 0.75,
      "width": 256,
      "height": 256,
      "prompt_template": "{prompt}",
      "negative_prompt": "",
      "loras": [],
      "control_units": [],
      "upscale": {
        "enabled": false,
        "upscaler": "Latent",
        "factor": 2.0,
        "steps": 0,
        "strength": 0.7
      },
      "face_repair": {
        "enabled": true,
        "strength": 0.3,
        "padding": 32,
        "blur": 6,
        "size": 256
      },
      "seed_rule": {
        "kind": "offset",
        "value": 3
      }
    }
  }
}','bo','stricter','2026-11-27 16:11:42.074174');
CREATE TABLE "presets" (
	id INTEGER NOT NULL, 
	slug VARCHAR(63) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	latest INTEGER NOT NULL, 
	archived BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (slug)
);
INSERT INTO "presets" VALUES(6,'first-light','First light',1,1);
INSERT INTO "presets" VALUES(7,'spring','Spring',3,0);
CREATE TABLE reports (
	id INTEGER NOT NULL, 
	slug VARCHAR(63) NOT NULL, 
	number INTEGER NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "reports" VALUES(1,'spring',2,'robustness','{"cells":[{"doodle":"text","base_image":"mia","letter":"A","score":0.75,"kept":true,"why":""},{"doodle":"black","base_image":"mia","letter":"B","score":null,"kept":false,"why":"recipe B: no room"}]}','2026-11-27 16:11:46.498868');
INSERT INTO "reports" VALUES(2,'spring',2,'regression','{"against":1,"cells":[{"doodle":"dress","seed":1,"letter":"A","difference":3.5,"places":[{"x":0.1,"y":0.2,"width":0.3,"height":0.4,"difference":9.0}]}],"looks":{"likeness":8.0,"diversity":12.0,"of_seeds":4.0},"looks_against":{"likeness":9.0,"diversity":11.0,"of_seeds":null},"seen_by":["ada"]}','2026-11-27 16:11:46.503584');
CREATE TABLE "requests" (
	id VARCHAR(32) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	idempotency_key VARCHAR(200), 
	theme VARCHAR(63) NOT NULL, 
	version INTEGER NOT NULL, 
	channel VARCHAR(63) NOT NULL, 
	picked VARCHAR(1), 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	emptied BOOLEAN DEFAULT 0 NOT NULL, 
	base_sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (client, idempotency_key)
);
INSERT INTO "requests" VALUES('23a5dbfa5204dca85c110ae0c4338d47','app','order-1','spring',2,'live','B','{"id":"23a5dbfa5204dca85c110ae0c4338d47","base_image":{"id":"mia","name":"Mia","width":256,"height":256,"sha256":"89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3","keypoints":[[0.4423,0.2863],[0.4601,0.4549],[0.3876,0.4858],[0.3312,0.5613],[0.268,0.6311],[0.5359,0.4767],[0.5882,0.555],[0.652,0.6244],[0.431,0.6721],[0.4191,0.7709],[0.4127,0.8738],[0.5157,0.6668],[0.5565,0.7577],[0.5394,0.8593],[0.3895,0.3073],[0.4869,0.2966],[0.315,0.3004],[0.5696,0.2723]]},"doodle":{"png":"iVBORw0KGgoAAAANSUhEUgAAAQAAAAEACAYAAABccqhmAAABvklEQVR4nO3UQQ2EUBQEwc-qIZzwr2JPBDcg45F0lYI5THotAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAANbapgdUXPv5TG_4ouP---Cg3_QAYI4AQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAQJgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIS8E58EjL-oJT4AAAAASUVORK5CYII=","width":256,"height":256},"words":"a red dress","preset":{"schema":"doodle-theme-studio/preset","version":2,"slug":"spring","name":"Spring","description":"The first one","prompt":"bold colours","base_images":["mia"],"safety":{"words":true,"pictures":true,"doodles":true,"threshold":0.5,"margin":0.05,"refill":false,"uploads":false,"moderation":"off","negative_prompt":"text","keep_words":true},"recipes":{"A":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":0.8,"clip_skip":2,"deep_cache":2,"strength":0.6,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"B":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"scribble","source":"doodle","picture":null,"resize_mode":"Just Resize","mode":"Balanced","weight":0.7,"start":0.0,"end":1.0},{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"canny","source":"picture","picture":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","resize_mode":"Just Resize","mode":"Balanced","weight":1.0,"start":0.0,"end":1.0}],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"C":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":true,"upscaler":"Latent","factor":1.5,"steps":0,"strength":0.45},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"D":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":true,"strength":0.3,"padding":32,"blur":6,"size":256},"seed_rule":{"kind":"offset","value":3}}}},"preset_version":2,"seed":7,"pictures":[{"sha256":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","png":"iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAmUlEQVR4nO3QQRHAIADAMEADchCG-yEjjzUKep37nm_82NIBWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoD4PqAkcZaw-TAAAAAElFTkSuQmCC"}],"client":"app"}','2026-11-27 16:11:46.126431',0,'89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3');
INSERT INTO "requests" VALUES('8c97213e986f10b66560036fb6dc8a74','kids',NULL,'spring',3,'strict',NULL,'{"id":"8c97213e986f10b66560036fb6dc8a74","base_image":{"id":"mia","name":"Mia","width":256,"height":256,"sha256":"89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3","keypoints":[[0.4423,0.2863],[0.4601,0.4549],[0.3876,0.4858],[0.3312,0.5613],[0.268,0.6311],[0.5359,0.4767],[0.5882,0.555],[0.652,0.6244],[0.431,0.6721],[0.4191,0.7709],[0.4127,0.8738],[0.5157,0.6668],[0.5565,0.7577],[0.5394,0.8593],[0.3895,0.3073],[0.4869,0.2966],[0.315,0.3004],[0.5696,0.2723]]},"doodle":null,"words":"a hat","preset":{"schema":"doodle-theme-studio/preset","version":2,"slug":"spring","name":"Spring","description":"The first one","prompt":"bold colours","base_images":["mia"],"safety":{"words":true,"pictures":true,"doodles":false,"threshold":0.2,"margin":0.05,"refill":false,"uploads":false,"moderation":"off","negative_prompt":"text","keep_words":true},"recipes":{"A":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":0.8,"clip_skip":2,"deep_cache":2,"strength":0.6,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"B":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"scribble","source":"doodle","picture":null,"resize_mode":"Just Resize","mode":"Balanced","weight":0.7,"start":0.0,"end":1.0},{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"canny","source":"picture","picture":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","resize_mode":"Just Resize","mode":"Balanced","weight":1.0,"start":0.0,"end":1.0}],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"C":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":true,"upscaler":"Latent","factor":1.5,"steps":0,"strength":0.45},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"D":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":true,"strength":0.3,"padding":32,"blur":6,"size":256},"seed_rule":{"kind":"offset","value":3}}}},"preset_version":3,"seed":11,"pictures":[{"sha256":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","png":"iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAmUlEQVR4nO3QQRHAIADAMEADchCG-yEjjzUKep37nm_82NIBWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoD4PqAkcZaw-TAAAAAElFTkSuQmCC"}],"client":"kids"}','2026-11-27 16:11:46.350263',0,'89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3');
INSERT INTO "requests" VALUES('55555555555555555555555555555555','app',NULL,'spring',2,'live',NULL,'{"id":"55555555555555555555555555555555","base_image":{"id":"mia","name":"Mia","width":256,"height":256,"sha256":"89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3","keypoints":[[0.4423,0.2863],[0.4601,0.4549],[0.3876,0.4858],[0.3312,0.5613],[0.268,0.6311],[0.5359,0.4767],[0.5882,0.555],[0.652,0.6244],[0.431,0.6721],[0.4191,0.7709],[0.4127,0.8738],[0.5157,0.6668],[0.5565,0.7577],[0.5394,0.8593],[0.3895,0.3073],[0.4869,0.2966],[0.315,0.3004],[0.5696,0.2723]]},"doodle":null,"words":"later","preset":{"schema":"doodle-theme-studio/preset","version":2,"slug":"spring","name":"Spring","description":"The first one","prompt":"bold colours","base_images":["mia"],"safety":{"words":true,"pictures":true,"doodles":true,"threshold":0.5,"margin":0.05,"refill":false,"uploads":false,"moderation":"off","negative_prompt":"text","keep_words":true},"recipes":{"A":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":0.8,"clip_skip":2,"deep_cache":2,"strength":0.6,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"B":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"scribble","source":"doodle","picture":null,"resize_mode":"Just Resize","mode":"Balanced","weight":0.7,"start":0.0,"end":1.0},{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"canny","source":"picture","picture":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","resize_mode":"Just Resize","mode":"Balanced","weight":1.0,"start":0.0,"end":1.0}],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"C":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":true,"upscaler":"Latent","factor":1.5,"steps":0,"strength":0.45},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"D":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":true,"strength":0.3,"padding":32,"blur":6,"size":256},"seed_rule":{"kind":"offset","value":3}}}},"preset_version":2,"seed":5,"pictures":[{"sha256":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","png":"iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAAAmUlEQVR4nO3QQRHAIADAMEADchCG-yEjjzUKep37nm_82NIBWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoDdABWgN0gNYAHaA1QAdoD4PqAkcZaw-TAAAAAElFTkSuQmCC"}],"client":"app"}','2026-11-27 16:11:46.492110',0,'89bc3f9d8205bb143c7834c59234b7255d2509b710f78eb3218d58cc3ea509d3');
CREATE TABLE study_journal (
	id INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "study_journal" VALUES(1,'{"op_code": 0, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "study_name": "spring/2B/1", "directions": [2]}');
INSERT INTO "study_journal" VALUES(2,'{"op_code": 2, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "study_id": 0, "user_attr": {"study": "{\"slug\":\"spring\",\"number\":2,\"letter\":\"B\",\"spans\":[{\"field\":\"strength\",\"low\":0.1,\"high\":0.9,\"choices\":[]}],\"objective\":\"both\"}"}}');
INSERT INTO "study_journal" VALUES(3,'{"op_code": 4, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "study_id": 0, "datetime_start": "2026-11-27T16:11:46.873681+00:00"}');
INSERT INTO "study_journal" VALUES(4,'{"op_code": 5, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 0, "param_name": "strength", "param_value_internal": 0.54, "distribution": "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": 0.01, \"low\": 0.1, \"high\": 0.9, \"log\": false}}"}');
INSERT INTO "study_journal" VALUES(5,'{"op_code": 8, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 0, "user_attr": {"looks": "{\"likeness\":0.0,\"diversity\":0.0,\"of_seeds\":null}"}}');
INSERT INTO "study_journal" VALUES(6,'{"op_code": 4, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "study_id": 0, "datetime_start": "2026-11-27T16:11:48.839475+00:00"}');
INSERT INTO "study_journal" VALUES(7,'{"op_code": 5, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 1, "param_name": "strength", "param_value_internal": 0.67, "distribution": "{\"name\": \"FloatDistribution\", \"attributes\": {\"step\": 0.01, \"low\": 0.1, \"high\": 0.9, \"log\": false}}"}');
INSERT INTO "study_journal" VALUES(8,'{"op_code": 8, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 1, "user_attr": {"looks": "{\"likeness\":0.0,\"diversity\":0.0,\"of_seeds\":null}"}}');
INSERT INTO "study_journal" VALUES(9,'{"op_code": 8, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 0, "user_attr": {"stars": 4}}');
INSERT INTO "study_journal" VALUES(10,'{"op_code": 6, "worker_id": "3358ec04-7702-487b-8fbd-4a033107003c-139737449208704", "trial_id": 0, "state": 1, "values": [0.625], "datetime_complete": "2026-11-27T16:11:50.244579+00:00"}');
CREATE TABLE users (
	name VARCHAR(63) NOT NULL, 
	password VARCHAR(200) NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "users" VALUES('ada','4jw3aTZHG6mdiDDjuQupfQ==$bGx+BXzHv1/s+joi2Hgt5R+6+U82SANaTT4KPXlM6ULkUmrt5HhPMnkW0C/WVJDqlrVTKW9F4thx8gPrXBbJ8Q==','2026-11-27 16:11:43.597635');
CREATE TABLE variants (
	id INTEGER NOT NULL, 
	request_id VARCHAR(32) NOT NULL, 
	letter VARCHAR(1) NOT NULL, 
	preset_slug VARCHAR(63) NOT NULL, 
	preset_version INTEGER, 
	picture_sha256 VARCHAR(64) NOT NULL, 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, prompt TEXT DEFAULT '' NOT NULL, models TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (request_id, letter)
);
INSERT INTO "variants" VALUES(1,'23a5dbfa5204dca85c110ae0c4338d47','A','spring',2,'c483b2979947439388bbbb3bac1c2dac7b6113d60b7d5dd418de42c4714e67cd','{"request_id":"23a5dbfa5204dca85c110ae0c4338d47","letter":"A","recipe":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":0.8,"clip_skip":2,"deep_cache":2,"strength":0.6,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"prompt":"a red dress, bold colours","negative_prompt":"text","seed":7,"base_image":"mia","preset":"spring","preset_version":2,"doodle_sha256":"8328130e516cedf52d80ad4fa33e818c30bdf0bfc780d41c71da7755b036dfd0","models":[],"timings":{"load":0.0,"render":0.1},"notes":[],"tokens":0,"picture_sha256":"c483b2979947439388bbbb3bac1c2dac7b6113d60b7d5dd418de42c4714e67cd","created":"2026-11-27T16:11:46.208927Z"}','2026-11-27 16:11:46.208927','a red dress, bold colours','');
INSERT INTO "variants" VALUES(2,'23a5dbfa5204dca85c110ae0c4338d47','B','spring',2,'4b3e940fff24b9d033518cfd9f3c062e9d307158378eb5a825d679c01ec19077','{"request_id":"23a5dbfa5204dca85c110ae0c4338d47","letter":"B","recipe":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"scribble","source":"doodle","picture":null,"resize_mode":"Just Resize","mode":"Balanced","weight":0.7,"start":0.0,"end":1.0},{"model":{"name":"pocket-scribble","sha256":null},"preprocessor":"canny","source":"picture","picture":"3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2","resize_mode":"Just Resize","mode":"Balanced","weight":1.0,"start":0.0,"end":1.0}],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"prompt":"a red dress, bold colours","negative_prompt":"text","seed":7,"base_image":"mia","preset":"spring","preset_version":2,"doodle_sha256":"8328130e516cedf52d80ad4fa33e818c30bdf0bfc780d41c71da7755b036dfd0","models":[],"timings":{"load":0.0,"render":0.1},"notes":[],"tokens":0,"picture_sha256":"4b3e940fff24b9d033518cfd9f3c062e9d307158378eb5a825d679c01ec19077","created":"2026-11-27T16:11:46.253493Z"}','2026-11-27 16:11:46.253493','a red dress, bold colours','');
INSERT INTO "variants" VALUES(3,'23a5dbfa5204dca85c110ae0c4338d47','C','spring',2,'27e893e8ed61d8eca74677497fa7f3501481d701acefb7165983d4ff8a14e948','{"request_id":"23a5dbfa5204dca85c110ae0c4338d47","letter":"C","recipe":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":true,"upscaler":"Latent","factor":1.5,"steps":0,"strength":0.45},"face_repair":{"enabled":false,"strength":0.4,"padding":32,"blur":4,"size":512},"seed_rule":{"kind":"shared","value":0}},"prompt":"a red dress, bold colours","negative_prompt":"text","seed":7,"base_image":"mia","preset":"spring","preset_version":2,"doodle_sha256":"8328130e516cedf52d80ad4fa33e818c30bdf0bfc780d41c71da7755b036dfd0","models":[],"timings":{"load":0.0,"render":0.1},"notes":[],"tokens":0,"picture_sha256":"27e893e8ed61d8eca74677497fa7f3501481d701acefb7165983d4ff8a14e948","created":"2026-11-27T16:11:46.276166Z"}','2026-11-27 16:11:46.276166','a red dress, bold colours','');
INSERT INTO "variants" VALUES(4,'23a5dbfa5204dca85c110ae0c4338d47','D','spring',2,'60edd7eac1b118f55a604e7040dd2528fefa86424cd52504c640c12ade2cc2f1','{"request_id":"23a5dbfa5204dca85c110ae0c4338d47","letter":"D","recipe":{"schema":"doodle-theme-studio/recipe","version":1,"base_model":{"name":"pocket-ink","sha256":null},"vae":null,"sampler":"Euler","schedule_type":"Automatic","steps":4,"guidance_scale":7.0,"guidance_end":1.0,"clip_skip":1,"deep_cache":1,"strength":0.75,"width":256,"height":256,"prompt_template":"{prompt}","negative_prompt":"","loras":[],"control_units":[],"upscale":{"enabled":false,"upscaler":"Latent","factor":2.0,"steps":0,"strength":0.7},"face_repair":{"enabled":true,"strength":0.3,"padding":32,"blur":6,"size":256},"seed_rule":{"kind":"offset","value":3}},"prompt":"a red dress, bold colours","negative_prompt":"text","seed":10,"base_image":"mia","preset":"spring","preset_version":2,"doodle_sha256":"8328130e516cedf52d80ad4fa33e818c30bdf0bfc780d41c71da7755b036dfd0","models":[],"timings":{"load":0.0,"render":0.1},"notes":[],"tokens":0,"picture_sha256":"60edd7eac1b118f55a604e7040dd2528fefa86424cd52504c640c12ade2cc2f1","created":"2026-11-27T16:11:46.298220Z"}','2026-11-27 16:11:46.298220','a red dress, bold colours','');
CREATE TABLE votes (
	id INTEGER NOT NULL, 
	contest_id INTEGER NOT NULL, 
	voter VARCHAR(80) NOT NULL, 
	document TEXT NOT NULL, 
	created DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(contest_id) REFERENCES contests (id)
);
INSERT INTO "votes" VALUES(1,1,'bo','{"voter":"bo","ballot":{"doodle":"star-dress","seed":2,"left":0,"right":1},"choice":"left"}','2026-11-27 16:11:46.526099');
CREATE INDEX ix_variants_created ON variants (created);
CREATE INDEX ix_deployments_theme ON deployments (slug, channel);
CREATE INDEX ix_variants_preset ON variants (preset_slug, id);
CREATE INDEX ix_variants_picture ON variants (picture_sha256);
CREATE INDEX ix_reports_version ON reports (slug, number, kind);
CREATE INDEX ix_presets_name ON presets (name);
CREATE INDEX ix_votes_voter ON votes (contest_id, voter);
CREATE INDEX ix_jobs_state ON jobs (state, id);
CREATE INDEX ix_judgements_created ON judgements (created);
CREATE INDEX ix_judgements_client ON judgements (client, id);
CREATE INDEX ix_requests_theme ON requests (theme, version);
CREATE INDEX ix_requests_base ON requests (base_sha256);
CREATE INDEX ix_requests_age ON requests (emptied, created);
COMMIT;
