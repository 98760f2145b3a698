#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A site of Django and Django REST framework with authtoken, for t/auth/django.t.

django_site.py FOLDER make              makes its database, accounts, groups and tokens; prints "name key token" lines
django_site.py FOLDER manage ARGS...    manage.py
django_site.py FOLDER serve PORT        serves it on 127.0.0.1
django_site.py FOLDER check NAME WORD   prints whether Django verifies the password, the hash's format, and the groups
"""
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

HASHERS = ['PBKDF2PasswordHasher', 'PBKDF2SHA1PasswordHasher', 'Argon2PasswordHasher', 'BCryptSHA256PasswordHasher']
ACCOUNTS = {'alice': 'pbkdf2_sha256', 'bob': 'pbkdf2_sha1', 'carol': 'argon2', 'dave': 'bcrypt_sha256'}


def configure(folder):
    settings.configure(
        SECRET_KEY='x', ALLOWED_HOSTS=['*'], ROOT_URLCONF=__name__, USE_TZ=True, MIDDLEWARE=[],
        DEFAULT_AUTO_FIELD='django.db.models.AutoField',
        DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': folder + '/db.sqlite3'}},
        PASSWORD_HASHERS=['django.contrib.auth.hashers.' + name for name in HASHERS],
        INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'rest_framework',
                        'rest_framework.authtoken'],
        REST_FRAMEWORK={'DEFAULT_AUTHENTICATION_CLASSES': ['rest_framework.authentication.TokenAuthentication'],
                        'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated'],
                        'DEFAULT_RENDERER_CLASSES': ['rest_framework.renderers.JSONRenderer']})
    django.setup()


urlpatterns = []


def add_paths():
    from django.urls import path
    from rest_framework.authtoken.views import obtain_auth_token
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class User(APIView):
        def get(self, request, pk):
            user = request.user
            if user.pk != pk:
                return Response({'detail': 'Not found.'}, status=404)
            return Response({'id': user.pk, 'username': user.username, 'first_name': user.first_name,
                             'last_name': user.last_name, 'email': user.email})

    urlpatterns.append(path('api/v1/users/<int:pk>/', User.as_view()))
    urlpatterns.append(path('api-token-auth/', obtain_auth_token))


def make():
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group, User
    from django.core.management import call_command
    from rest_framework.authtoken.models import Token
    call_command('migrate', verbosity=0)
    groups = [Group.objects.create(name=name) for name in ('Content editors', 'readers')]
    User.objects.create(username='gap').delete()
    for name, hasher in ACCOUNTS.items():
        user = User(username=name, email=name + '@example.org', first_name=name.title(), last_name='Ünlü')
        user.password = make_password('the password of ' + name, hasher=hasher)
        user.is_staff = name == 'dave'
        user.save()
        user.groups.set(groups if name == 'alice' else groups[:1])
    User.objects.create_user('erin', 'erin@example.org')        # an unusable password
    User.objects.create_user('frank', 'frank@example.org', 'the password of frank', is_active=False)
    User.objects.create_user('Alice', 'other@example.org', 'the password of Alice')     # collides with alice
    for user in User.objects.order_by('pk'):
        print(user.username, user.pk, Token.objects.create(user=user).key)


def check(name, password):
    from django.contrib.auth.models import User
    user = User.objects.get(username=name)
    stored = user.password.split('$')[0]        # before Django replaces it by one of its first hasher
    print(user.check_password(password), stored, user.is_staff,
          ','.join(sorted(group.name for group in user.groups.all())))


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main(folder, command, *arguments):
    configure(folder)
    add_paths()
    if command == 'make':
        make()
    elif command == 'manage':
        from django.core.management import execute_from_command_line
        execute_from_command_line(['manage.py', *arguments])
    elif command == 'serve':
        from django.core.wsgi import get_wsgi_application
        make_server('127.0.0.1', int(arguments[0]), get_wsgi_application(), handler_class=Quiet).serve_forever()
    else:
        check(*arguments)


if __name__ == '__main__':
    sys.modules['django_site'] = sys.modules['__main__']
    __name__ = 'django_site'
    main(*sys.argv[1:])
